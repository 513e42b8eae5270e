"""What frames every page is drawn once for each place in it, and says what it would say anew."""

from __future__ import annotations

import re

import pytest
from django.core.cache import caches
from django.urls import reverse

from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    caches["frames"].clear()
    yield
    caches["frames"].clear()


def frame_of(client, path):
    """The head, the masthead and the footer of a page, without what is the page's own."""
    page = client.get(path).content.decode()
    parts = (
        r"<link rel=\"icon\".*</head>",
        r"<header class=\"masthead\">.*?</header>",
        "<footer.*",
    )
    return [re.search(part, page, re.DOTALL)[0] for part in parts]


def links(client):
    """Every link of the navigation."""
    navigation = re.search(r"<ul class=\"nav-links\">.*?</ul>", frame_of(client, "/")[1], re.DOTALL)
    found = re.findall(r'href="([^"]+)"', navigation[0])
    assert len(found) == 4
    return found


def marked(frame):
    """The links that are marked as where one is, in the wide and in the narrow navigation."""
    return re.findall(r'href="([^"]+)" aria-current="(\w+)"', frame[1])


def test_a_kept_frame_says_what_it_would_say_anew(client):
    pages = [reverse("home"), *links(client)[:3], ProjectFactory().get_absolute_url()]
    for somebody in (None, UserFactory()):
        if somebody:
            client.force_login(somebody)
        anew = []
        for page in pages:
            caches["frames"].clear()
            anew.append(frame_of(client, page))
        assert [frame_of(client, page) for page in pages] == anew
        assert [frame_of(client, page) for page in reversed(pages)] == anew[::-1]


def test_each_link_is_marked_on_its_page_and_below_it_and_nowhere_else(client):
    client.force_login(UserFactory())
    project = ProjectFactory()
    for link in links(client):
        assert marked(frame_of(client, link)) == [(link, "page")] * 2
    assert (
        marked(frame_of(client, project.get_absolute_url())) == [(reverse("projects"), "true")] * 2
    )
    assert marked(frame_of(client, reverse("home"))) == []


def test_whoever_signs_in_or_out_gets_the_other_frame(client):
    home = reverse("home")
    before = frame_of(client, home)
    assert reverse("account_login") in before[1]
    client.force_login(UserFactory())
    signed_in = frame_of(client, home)
    assert reverse("my_page") in signed_in[1]
    assert reverse("account_logout") in signed_in[2]
    client.logout()
    assert frame_of(client, home) == before


def test_a_frame_holds_nothing_of_the_person_it_was_first_drawn_for(client):
    frames = []
    for person in UserFactory.create_batch(2):
        caches["frames"].clear()
        client.force_login(person)
        frames.append(frame_of(client, reverse("projects")))
    assert frames[0] == frames[1]


def test_another_name_of_the_town_is_another_frame(client, settings):
    frame_of(client, reverse("home"))
    settings.TOWN_NAME = "Elsewhere"
    assert "Elsewhere" in frame_of(client, reverse("home"))[1]
