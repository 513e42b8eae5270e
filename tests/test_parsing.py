from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("body", ["[" * 2_000 + "]" * 2_000, "{", "\udcff", '{"a": NaN}', ""])
def test_what_is_no_json_is_refused_and_crashes_nothing(client, body):
    client.force_login(UserFactory())
    raw = body.encode("utf-8", "surrogateescape")
    answer = client.post(reverse("api_projects"), raw, content_type="application/json")
    assert answer.status_code == 400
