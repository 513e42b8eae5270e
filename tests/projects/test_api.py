from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/projects/"


@pytest.fixture
def place():
    return NeighborhoodFactory(slug="millside", boundary=square(0, 0))


@pytest.fixture
def proposer(client):
    user = UserFactory()
    client.force_login(user)
    return user


def send(client, method: str, url: str, body):
    return client.generic(method, url, body, content_type="application/json")


def idea(**fields):
    return {"title": "A bench", "summary": "To sit.", "neighborhood": "millside"} | fields


def post(client, **fields):
    return client.post(LIST, idea(**fields), content_type="application/json")


def test_the_list_has_what_the_page_has(client):
    project = ProjectFactory(title="Bench", cost_minor=4200)
    ProjectFactory(state=ProjectState.DRAFT, bare=True)
    answer = client.get(LIST, {"q": "bench"}).json()
    assert answer["count"] == 1
    assert answer["results"] == [
        {
            "id": project.pk,
            "state": "ready",
            "title": "Bench",
            "summary": "A bench where there was none.",
            "category": "other",
            "neighborhood": project.neighborhood.slug,
            "latitude": 0.5,
            "longitude": 0.5,
            "address": "",
            "cost_minor": 4200,
            "running_minor": None,
            "lifetime_years": None,
            "support_count": 0,
            "published_at": answer["results"][0]["published_at"],
            "page": f"/projects/{project.pk}/",
        }
    ]


def test_a_wrong_filter_is_named(client):
    answer = client.get(LIST, {"category": "nonsense"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["category"]


@pytest.mark.parametrize("page", ["0", "-1", "2", "abc", "9" * 40])
def test_a_page_that_is_not_there_is_not_found(client, page):
    assert client.get(LIST, {"page": page}).status_code == 404


@pytest.mark.parametrize("size", ["0", "-1", "101", "abc", "9" * 40, "", "٣٣٣٣"])
def test_a_page_size_that_is_none_is_named(client, size):
    answer = client.get(LIST, {"page_size": size})
    assert answer.status_code == 400
    assert answer.json() == {"page_size": ["Write a whole number from 1 to 100."]}


def test_a_page_is_as_long_as_asked(client):
    for _ in range(3):
        ProjectFactory()
    answer = client.get(LIST, {"page_size": 2}).json()
    assert (len(answer["results"]), answer["count"]) == (2, 3)


def test_the_list_asks_the_same_of_the_database_at_any_length(client):
    asked = []
    for more in (1, 2, 20):
        for _ in range(more):
            ProjectFactory()
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        asked.append(len(queries))
    assert asked[0] == asked[1] == asked[2]


def test_one_project_is_told_with_what_it_lacks(client):
    project = ProjectFactory(state=ProjectState.STUB, bare=True, cost_minor=99)
    answer = client.get(f"{LIST}{project.pk}/").json()
    assert answer["cost_lines"] == [{"label": "Everything", "amount_minor": 99}]
    assert answer["missing"] == ["story", "place"]
    assert answer["proposer"] == project.proposer.display_name
    assert project.proposer.email not in str(answer)


@pytest.mark.parametrize("pk", [0, 10**18, 10**30])
def test_a_project_that_never_was_is_not_found(client, pk):
    assert client.get(f"{LIST}{pk}/").status_code == 404


def test_a_stranger_proposes_nothing(client, place):
    assert post(client).status_code == 403
    assert Project.objects.count() == 0


def test_a_page_of_another_site_proposes_nothing(place):
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())
    assert post(client).status_code == 403
    assert Project.objects.count() == 0


def test_a_draft_is_made_published_changed_and_withdrawn(client, proposer, place):
    lines = [{"label": "Wood", "amount_minor": 5}]
    made = post(client, cost_lines=lines, story="Because.", latitude=0.5, longitude=0.5)
    assert made.status_code == 201
    url = f"{LIST}{made.json()['id']}/"
    assert (made.json()["state"], made.json()["cost_minor"]) == ("draft", 5)
    assert client.post(f"{url}publish/").json()["state"] == "ready"
    changed = client.patch(url, {"title": "Two benches"}, content_type="application/json")
    assert (changed.json()["title"], changed.json()["cost_lines"]) == ("Two benches", lines)
    assert client.post(f"{url}withdraw/").json()["state"] == "withdrawn"
    assert client.post(f"{url}publish/").json() == {
        "non_field_errors": ["This project is not waiting to be published."]
    }


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"title": ["a"]}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"category": "nonsense"}, "category"),
        ({"neighborhood": "atlantis"}, "neighborhood"),
        ({"neighborhood": None}, "neighborhood"),
        ({"neighborhood": {"a": 1}}, "neighborhood"),
        ({"latitude": 91, "longitude": 0}, "latitude"),
        ({"latitude": "nan", "longitude": 0}, "latitude"),
        ({"latitude": "inf", "longitude": 0}, "latitude"),
        ({"latitude": True, "longitude": "nan"}, "longitude"),
        ({"latitude": 0.5}, "latitude"),
        ({"latitude": 50, "longitude": 50}, "latitude"),
        ({"cost_lines": [{"label": "Wood", "amount_minor": 0}]}, "cost_lines"),
        ({"cost_lines": [{"label": "Wood", "amount_minor": -1}]}, "cost_lines"),
        ({"cost_lines": [{"label": "Wood", "amount_minor": 1.5}]}, "cost_lines"),
        ({"cost_lines": [{"label": "Wood", "amount_minor": 10**30}]}, "cost_lines"),
        ({"cost_lines": [{"label": "Wood"}]}, "cost_lines"),
        ({"cost_lines": [{"label": "Wood", "amount_minor": 1}] * 31}, "cost_lines"),
        ({"cost_lines": "all of it"}, "cost_lines"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(client, proposer, place, fields, wrong):
    answer = post(client, **fields)
    assert answer.status_code == 400
    assert list(answer.json()) == [wrong]
    assert Project.objects.count() == 0


@pytest.mark.parametrize("body", ["", "[]", "null", "1", '"x"', "{", '{"latitude": NaN}'])
def test_a_body_that_is_no_object_is_refused(client, proposer, place, body):
    assert send(client, "POST", LIST, body).status_code == 400
    assert Project.objects.count() == 0


def test_others_projects_are_not_mine_to_change(client, proposer):
    public, draft = ProjectFactory(), ProjectFactory(state=ProjectState.DRAFT, bare=True)
    for project, status in ((public, 403), (draft, 404)):
        url = f"{LIST}{project.pk}/"
        assert send(client, "PATCH", url, '{"title": "Mine"}').status_code == status
        assert client.post(f"{url}publish/").status_code == status
        assert client.post(f"{url}withdraw/").status_code == status
        before = (project.title, project.state)
        project.refresh_from_db()
        assert (project.title, project.state) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nothing_else_can_be_done_to_a_project(client, proposer, method):
    project = ProjectFactory(proposer=proposer)
    assert send(client, method, reverse("api_project", args=[project.pk]), "{}").status_code == 405
    assert Project.objects.get() == project
