from __future__ import annotations

import pytest
from django.core.checks import ERROR, WARNING

from civicfund.audit.checks import application_owns_no_table

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def test_an_application_role_that_owns_nothing_passes():
    assert application_owns_no_table(databases=["default"]) == []


@pytest.mark.parametrize(("debug", "level"), [(False, ERROR), (True, WARNING)])
def test_an_application_role_that_owns_its_tables_is_told(settings, debug, level):
    settings.DEBUG = debug
    (said,) = application_owns_no_table(databases=["owner"], application="owner")
    assert (said.id, said.level) == ("civicfund.E001", level)


def test_databases_that_are_not_checked_are_not_asked():
    assert application_owns_no_table(databases=["owner"]) == []
