from __future__ import annotations

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_the_root_leads_to_what_there_is(client):
    offered = client.get("/api/v1/").json()
    assert offered["projects"] == "http://testserver/api/v1/projects/"
    for url in offered.values():
        assert client.get(url).status_code == 200


def test_the_schema_is_valid_and_without_a_warning(tmp_path):
    call_command(
        "spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yaml")
    )


def test_who_asks_too_often_is_told_to_wait(client):
    answers = [client.get("/api/v1/") for _ in range(121)]
    assert [answer.status_code for answer in answers] == [200] * 120 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
