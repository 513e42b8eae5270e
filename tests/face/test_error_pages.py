from __future__ import annotations

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.factories.people import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.face.urls")]

WORDS = {
    400: "We could not read that",
    403: "This is not open to you",
    404: "There is nothing here",
    500: "Something broke",
}


@pytest.mark.parametrize("status", WORDS)
def test_each_failure_has_its_page(status):
    client = Client(raise_request_exception=False)
    response = client.get(f"/fails/{status}/")
    assert response.status_code == status
    assert WORDS[status] in response.content.decode()
    assert "<c-" not in response.content.decode()


def test_an_old_form_gets_its_page_and_changes_nothing(client):
    user = UserFactory()
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/accounts/login/", {"login": user.email, "password": "x"})
    assert response.status_code == 403
    assert "That form was too old" in response.content.decode()


def test_too_many_tries_get_their_page(client):
    for _ in range(40):
        response = client.post("/accounts/login/", {"login": "a@example.org", "password": "x"})
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert "That was a little fast" in response.content.decode()


def test_the_page_of_a_crash_asks_the_database_nothing(django_assert_num_queries):
    client = Client(raise_request_exception=False)
    with django_assert_num_queries(0):
        response = client.get("/fails/500/")
    assert response.status_code == 500


def test_the_page_of_a_crash_finds_its_files():
    assert finders.find("css/site.css")
    assert finders.find("img/favicon.svg")


def test_a_stranger_at_a_wrong_host_gets_a_page_not_a_traceback(client):
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert WORDS[400] in response.content.decode()
