"""Public pages are kept for whoever sends no cookie, and for nobody else."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.urls import reverse

from tests.factories.budgeting import running_cycle
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kept(settings):
    settings.PAGES_KEPT_SECONDS = 60
    yield
    caches["pages"].clear()


def public_pages():
    cycle, _ = running_cycle()
    project, campaign = ProjectFactory(), CampaignFactory()
    return [
        reverse("home"), reverse("cycles"), reverse("projects"), reverse("campaigns"),
        cycle.get_absolute_url(), reverse("results", args=[cycle.slug]),
        project.get_absolute_url(), campaign.get_absolute_url(),
        project.neighborhood.get_absolute_url(),
    ]  # fmt: skip


def test_the_second_stranger_costs_the_database_nothing(client, django_assert_num_queries):
    pages = public_pages()
    first = [client.get(page) for page in pages]
    assert [answer.status_code for answer in first] == [200] * len(pages)
    assert not client.cookies
    with django_assert_num_queries(0):
        again = [client.get(page) for page in pages]
    assert [answer.content for answer in again] == [answer.content for answer in first]
    for answer in again:
        assert "Content-Security-Policy" in answer.headers


def test_whoever_sends_a_cookie_gets_a_page_of_their_own_and_leaves_none(client):
    cycle, _ = running_cycle()
    client.force_login(UserFactory())
    mine = client.get(cycle.get_absolute_url()).content.decode()
    assert reverse("my_page") in mine
    client.logout()
    client.cookies.clear()
    assert reverse("my_page") not in client.get(cycle.get_absolute_url()).content.decode()
    client.force_login(UserFactory())
    assert reverse("my_page") in client.get(cycle.get_absolute_url()).content.decode()


def test_any_cookie_at_all_is_enough_to_be_asked_anew(client):
    ProjectFactory(title="A first bench")
    client.get(reverse("projects"))
    ProjectFactory(title="A second bench")
    assert "A second bench" not in client.get(reverse("projects")).content.decode()
    client.cookies["anything"] = "1"
    assert "A second bench" in client.get(reverse("projects")).content.decode()


def test_other_questions_and_other_parts_of_a_page_are_kept_apart(client):
    ProjectFactory(title="A bench")
    whole = client.get(reverse("projects")).content
    found = client.get(reverse("projects"), {"q": "nothing like it"}).content
    part = client.get(reverse("projects"), headers={"HX-Request": "true"}).content
    assert len({whole, found, part}) == 3
    assert client.get(reverse("projects")).content == whole


def test_a_page_that_is_not_there_is_looked_for_again(client, django_assert_num_queries):
    gone = reverse("neighborhood", args=["atlantis"])
    assert client.get(gone).status_code == 404
    with django_assert_num_queries(1):
        assert client.get(gone).status_code == 404
