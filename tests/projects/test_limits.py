"""How often somebody may write to others, and ask for their eyes, within a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from civicfund.notices.models import Message
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Invitation, JoinWish, Merge, Offer, Project
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db
SAID = "That is a lot within a day. What you wrote is still here"
ACTS = [
    *("create_project", "publish_project", "invite_co_author"),
    *("offer_help", "ask_to_merge", "ask_to_join"),
]


@pytest.fixture(autouse=True)
def limits(settings):
    """One within a day for a new account, two for others."""
    few = {f"{act}_when_new": "1/d/user" for act in ACTS} | dict.fromkeys(ACTS, "2/d/user")
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | few


@pytest.fixture(params=[(1, 1), (30, 2)], ids=["new", "known"])
def known(request, client):
    """Somebody who joined so many days ago, signed in, and how often they may."""
    days, most = request.param
    person = UserFactory(joined_at=timezone.now() - timedelta(days=days))
    client.force_login(person)
    return person, most


def refused_after(most, sends):
    """Each is sent; so many are taken, and the last says why not, with what was typed."""
    answers = [send() for send in sends[: most + 1]]
    assert [answer.status_code for answer in answers] == [302] * most + [429]
    page = answers[-1].content.decode()
    assert SAID in page
    return page


def idea(number, **more):
    return {
        "title": f"Bench {number}", "summary": "To sit.", "category": "green",
        "different": [project.pk for project in Project.objects.all()],
        "neighborhood": NeighborhoodFactory().slug, "form-TOTAL_FORMS": "0",
        "form-INITIAL_FORMS": "0",
    } | more  # fmt: skip


def test_ideas_and_copies(client, known):
    person, most = known
    copied = reverse("project_copy", args=[ProjectFactory().pk])
    place = NeighborhoodFactory().slug
    sends = [
        lambda: client.post(copied, {"neighborhood": place}),
        *[lambda n=n: client.post(reverse("project_new"), idea(n)) for n in (1, 2)],
    ]
    assert f"Bench {most}" in refused_after(most, sends)
    assert person.projects.count() == most
    assert client.post(copied, {"neighborhood": place}).status_code == 429
    api = {"title": "A bench", "summary": "To sit.", "neighborhood": place}
    answer = client.post(reverse("api_projects"), api, content_type="application/json")
    assert answer.status_code == 429
    assert person.projects.count() == most


def test_what_is_published_too_soon_stays_a_draft(client, known):
    person, most = known
    unlike = {"proposer": person, "state": ProjectState.DRAFT, "summary": ""}
    titles = ("Lantern", "Orchard", "Ferry", "Music")[: most + 2]
    drafts = [ProjectFactory(title=title, **unlike) for title in titles]
    for draft in drafts[:-1]:
        answer = client.post(reverse("project_publish", args=[draft.pk]), follow=True)
    assert "You published a lot today. This is kept as a draft" in answer.content.decode()
    last = reverse("api_project_publish", args=[drafts[-1].pk])
    assert client.post(last).status_code == 429
    assert Project.objects.filter(state=ProjectState.DRAFT).count() == 2


def test_a_stub_becomes_ready_without_being_counted(client, known):
    person, most = known
    for stub in ProjectFactory.create_batch(most + 1, proposer=person, state=ProjectState.STUB):
        client.post(reverse("project_publish", args=[stub.pk]))
    assert not Project.objects.filter(state=ProjectState.STUB).exists()


def test_inviting_and_taking_back_writes_to_nobody_again_and_again(client, known):
    person, most = known
    project, friend = ProjectFactory(proposer=person), UserFactory()
    page = reverse("project_authors", args=[project.pk])

    def invite():
        Invitation.objects.all().delete()
        return client.post(page, {"address": friend.email})

    assert friend.email in refused_after(most, [invite] * 3)
    assert Message.objects.filter(recipient=friend).count() == most


def test_offers_of_help(client, known):
    _person, most = known
    pages = [
        reverse("project_offer", args=[each.pk, "hands"])
        for each in ProjectFactory.create_batch(most + 1, wanted=["hands"])
    ]
    sends = [lambda page=page: client.post(page, {"words": "I dig."}) for page in pages]
    assert "I dig." in refused_after(most, sends)
    assert Offer.objects.count() == Message.objects.count() == most


def test_asking_to_merge(client, known):
    person, most = known
    other = ProjectFactory()
    ask = {"into": str(other.pk), "stays": "other", "reason": "The same bench."}
    pages = [
        reverse("project_merge", args=[each.pk])
        for each in ProjectFactory.create_batch(most + 1, proposer=person)
    ]
    sends = [lambda page=page: client.post(page, ask) for page in pages]
    assert "The same bench." in refused_after(most, sends)
    assert Merge.objects.count() == Message.objects.count() == most


def test_asking_to_join(client, known):
    _person, most = known
    pages = [
        reverse("project_join", args=[each.pk]) for each in ProjectFactory.create_batch(most + 1)
    ]
    sends = [lambda page=page: client.post(page, {"words": "I dig."}) for page in pages]
    assert "I dig." in refused_after(most, sends)
    assert JoinWish.objects.count() == Message.objects.count() == most
