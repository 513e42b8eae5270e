"""Somebody closes their account: what becomes of their drafts, invitations and offers."""

from __future__ import annotations

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from civicfund.audit.models import Event
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.models import FORMER, User
from civicfund.people.services.erasure import erase
from civicfund.pledges.services.campaigns import edit_campaign
from civicfund.projects.access import concerned_among, is_concerned
from civicfund.projects.enums import MergeState, OfferState, ProjectState
from civicfund.projects.models import CoAuthor, Invitation, Offer, Project
from civicfund.projects.services import (
    ProjectError,
    create_project,
    edit_project,
    withdraw_project,
)
from civicfund.projects.services.authors import accept_invitation, invite_co_author
from civicfund.projects.services.joining import accept_wish, ask_to_join
from civicfund.projects.services.merging import (
    agree_to_merge,
    ask_to_merge,
    decline_to_merge,
)
from civicfund.projects.services.offers import accept_offer
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.pledges.test_campaigns import create
from tests.projects.offering import offers_help

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory()


def test_why_they_asked_in_vain_to_make_two_projects_one_goes(person):
    mine, taken_in = ProjectFactory(proposer=person), ProjectFactory(proposer=person)
    other = ProjectFactory()
    declined = ask_to_merge(mine, other, reason="I cannot walk.", by=person)
    decline_to_merge(declined, by=other.proposer)
    waiting = ask_to_merge(mine, other, reason="I still cannot.", by=person)
    agreed = ask_to_merge(taken_in, other, reason="The same bench.", by=person)
    agree_to_merge(agreed, by=other.proposer)
    erase(person)
    for merge, left in ((declined, ""), (waiting, ""), (agreed, "The same bench.")):
        merge.refresh_from_db()
        assert merge.reason == left


def test_of_what_they_offered_only_that_it_was_taken_in_stays(client, person):
    offers_help(person, "I would: 555-0188.")
    erase(person)
    left = Offer.objects.get()
    assert (left.state, left.words, left.by) == (OfferState.ACCEPTED, "", person)
    told = Message.objects.filter(kind="project_offer").values_list("source", flat=True)
    assert list(told) == [f"projects.offer:{left.pk}"]
    client.force_login(left.project.proposer)
    page = client.get(reverse("project_offers", args=[left.project_id])).content.decode()
    assert "has left, and their words to you with them" in page
    history = client.get(reverse("project_history", args=[left.project_id])).content.decode()
    assert f"with the help of {FORMER}" in history


def test_an_author_who_answers_what_went_meanwhile_is_told_so(person):
    offers_help(person, "I would: 555-0188.")
    waits = Offer.objects.waiting().get()
    erase(person)
    with pytest.raises(ProjectError, match="has left"):
        accept_offer(waits, by=waits.project.proposer)


def test_whoever_they_had_asked_joins_nothing_any_more(client, person):
    friend = UserFactory()
    for state in (ProjectState.DRAFT, ProjectState.READY):
        project = ProjectFactory(proposer=person, state=state)
        asked = invite_co_author(project, friend.email, by=person)
        client.force_login(friend)
        assert client.get(asked.get_absolute_url()).status_code == 200
    erase(person)
    assert client.get(asked.get_absolute_url()).status_code == 404
    assert not Invitation.objects.exists()
    assert not Message.objects.filter(kind="project_invitation").exists()


def test_invitations_to_any_proved_address_go_and_those_to_others_stay(person):
    project = ProjectFactory()
    for address, proved in (("second@example.org", True), ("claimed@example.org", False)):
        EmailAddress.objects.create(user=person, email=address, verified=proved)
        invite_co_author(project, address, by=project.proposer)
    erase(person)
    assert [each.address for each in project.invitations.all()] == ["claimed@example.org"]


def written_by(person, *others):
    """A draft of theirs that others write, who joined one after the other."""
    said = {"title": "A bench", "summary": "To sit.", "neighborhood": NeighborhoodFactory()}
    draft = create_project(person, **said)
    for each in others:
        CoAuthor.objects.create(project=draft, user=each)
    return draft


def test_whoever_joined_a_draft_first_leads_it_from_then_on(client, person):
    first, second = UserFactory(), UserFactory()
    draft = written_by(person, first, second)
    CoAuthor.objects.filter(user=first).update(since="2026-01-01T00:00Z")
    erase(person)
    draft.refresh_from_db()
    assert (draft.proposer, draft.state) == (first, ProjectState.DRAFT)
    assert [each.user for each in draft.co_authors.all()] == [second]
    assert Event.objects.get(verb="project.handed_on").data == {"to": first.pk}
    told = Message.objects.get(kind="project_handed_on")
    assert (told.recipient, told.context["title"]) == (first, "A bench")
    invite_co_author(draft, "another@example.org", by=first)
    edit_project(draft, by=second, title="Two benches")
    authors = [version.author for version in draft.versions.order_by("number")]
    assert authors == [person, second]
    client.force_login(first)
    assert client.get(reverse("project_withdraw", args=[draft.pk])).status_code == 200
    withdraw_project(draft, by=first)


def public(person, *others, **given):
    """A project of theirs that is ready, and that others write, too."""
    project = ProjectFactory(proposer=person, **given)
    for each in others:
        CoAuthor.objects.create(project=project, user=each)
    return project


def test_whoever_joined_a_public_project_first_proposes_it_from_then_on(person, mailoutbox):
    first, second = UserFactory(), UserFactory()
    project = public(person, first, second, title="A bench")
    asked = invite_co_author(project, "another@example.org", by=person)
    edit_project(project, by=person, title="Two benches")
    Message.objects.all().delete()
    erase(person)
    project.refresh_from_db()
    assert (project.proposer, project.state) == (first, ProjectState.READY)
    assert [each.user for each in project.co_authors.all()] == [second]
    assert not Invitation.objects.filter(pk=asked.pk).exists()
    assert {version.author for version in project.versions.all()} == {person}
    while send_next():
        pass
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([first.email], "A project is yours now")
    assert "still a draft" not in mail.body
    assert create(project).creator == first
    invite_co_author(project, "another@example.org", by=first)


def test_what_nobody_else_writes_stays_theirs_where_it_is_public(person):
    project, gone = public(person), public(person, UserFactory(), state=ProjectState.WITHDRAWN)
    erase(person)
    for row in (project, gone):
        row.refresh_from_db()
        assert row.proposer == person
    assert not Event.objects.filter(verb="project.handed_on").exists()


@pytest.mark.parametrize("state", ["settled", "settled_short", "refunded"])
def test_what_people_have_paid_for_stays_theirs(person, state):
    project = public(person, UserFactory())
    CampaignFactory(project=project, creator=person, state=state)
    erase(person)
    project.refresh_from_db()
    assert (project.proposer, project.co_authors.count()) == (person, 1)
    assert not Message.objects.filter(kind="project_handed_on").exists()
    edit_project(project, by=project.co_authors.get().user, story="Of oak, by the pond.")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Project.objects.filter(pk=project.pk).update(proposer=UserFactory())
    assert refused.value.__cause__.diag.constraint_name == "project_tied_by_pledges"


def test_nobody_inherits_what_was_entered_from_paper(client, person):
    project, friend, ann = public(person, handed_in_by="Ann Quill"), UserFactory(), UserFactory()
    CoAuthor.objects.create(project=project, user=friend)
    asked = invite_co_author(project, ann.email, by=person, takes_over=True)
    wish = ask_to_join(project, "I have a saw.", by=UserFactory())
    erase(person)
    project.refresh_from_db()
    assert (project.proposer, project.credit) == (person, "Ann Quill, on paper")
    assert is_concerned(friend, project)
    assert concerned_among(friend, [project.pk]) == {project.pk}
    assert not Message.objects.filter(kind="project_handed_on").exists()
    client.force_login(friend)
    page = client.get(reverse("project_authors", args=[project.pk])).content.decode()
    assert "Ann Quill" in page
    assert ann.email not in page
    edit_project(project, by=friend, story="Of oak, by the pond.")
    accept_wish(wish, by=friend)
    history = client.get(reverse("project_history", args=[project.pk])).content.decode()
    assert f"by {friend.display_name}, for" not in history
    accept_invitation(asked, by=ann)
    project.refresh_from_db()
    assert (project.proposer, project.handed_in_by) == (ann, "")
    assert {each.user for each in project.co_authors.all()} == {friend, wish.person}


def test_a_campaign_that_was_not_sent_in_goes_with_its_project(person):
    friend = UserFactory()
    shared, alone = public(person, friend), public(person)
    campaigns = [create(each) for each in (shared, alone)]
    erase(person)
    for campaign, owner in zip(campaigns, (friend, person), strict=True):
        campaign.refresh_from_db()
        assert (campaign.creator, campaign.project.proposer) == (owner, owner)
    assert Event.objects.get(verb="campaign.handed_on").data == {"to": friend.pk}
    edit_campaign(campaigns[0], by=friend, goal_minor=campaigns[0].goal_minor)


def test_whoever_leaves_asks_for_no_merge_and_nobody_waits_for_their_answer(person):
    friend, others = UserFactory(), ProjectFactory.create_batch(3)
    shared, alone = public(person, friend), public(person)
    own = [
        ask_to_merge(shared, others[0], reason="The same.", by=person),
        ask_to_merge(others[1], alone, reason="The same.", by=others[1].proposer),
    ]
    to_friend = ask_to_merge(others[2], shared, reason="The same.", by=others[2].proposer)
    erase(person)
    for merge in (*own, to_friend):
        merge.refresh_from_db()
    assert [each.state for each in own] == [MergeState.WITHDRAWN] * 2
    agree_to_merge(to_friend, by=friend)
    others[2].refresh_from_db()
    assert others[2].merged_into == shared


def test_of_two_who_leave_a_draft_the_second_takes_it_along(person):
    other = UserFactory()
    draft = written_by(person, other)
    erase(person)
    erase(other)
    draft.refresh_from_db()
    assert (draft.proposer, draft.state) == (other, ProjectState.WITHDRAWN)
    assert not CoAuthor.objects.exists()


def test_the_migration_does_the_same_for_those_who_had_left(person):
    offers_help(person, "I would: 555-0188.")
    friend = UserFactory()
    draft, public = written_by(person, friend), ProjectFactory(proposer=person)
    withdrawn = ProjectFactory(state=ProjectState.WITHDRAWN)
    open_still = Invitation.objects.create(project=ProjectFactory(), address="a@example.org")
    for project in (draft, public, withdrawn):
        Invitation.objects.create(project=project, address="a@example.org")
    User.objects.filter(pk=person.pk).update(
        display_name=FORMER, email="x@erased.invalid", password="!", is_active=False,
        last_login=None, erased_at="2026-01-01T00:00Z",
    )  # fmt: skip
    forget = import_module("civicfund.projects.migrations.0019_what_those_who_leave_offered").FORGET
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(forget)
        assert [(each.state, each.words) for each in Offer.objects.all()] == [
            (OfferState.ACCEPTED, "")
        ]
        assert [*Invitation.objects.all()] == [open_still]
        draft.refresh_from_db()
        public.refresh_from_db()
        assert (draft.proposer, public.proposer) == (friend, person)
        assert not CoAuthor.objects.exists()
