"""Whoever is paused writes nothing for a while, keeps every other right, and may appeal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from budgeting.models import Proposal
from budgeting.services.errors import RefusedError as CycleRefusedError
from budgeting.services.proposals import submit_proposal
from civicfund.audit.models import Event
from civicfund.delivery.services.errors import RefusedError as PlanRefusedError
from civicfund.delivery.services.planning import write_plan
from civicfund.notices.models import Message
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import Audience, ReportReason
from civicfund.pledges.models import Campaign, CampaignReport, CampaignUpdate, Reward
from civicfund.pledges.services.campaigns import (
    cancel_campaign,
    submit_campaign,
    take_back_campaign,
    throw_away_campaign,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.moderating import report_campaign
from civicfund.pledges.services.rewards import add_reward
from civicfund.pledges.services.terms import RewardTerms
from civicfund.pledges.services.updates import correct_update, publish_update
from civicfund.projects.enums import MergeState, Part, ProjectState
from civicfund.projects.models import (
    CoAuthor,
    Invitation,
    JoinWish,
    Merge,
    Project,
    ProjectFlag,
    Support,
)
from civicfund.projects.services import (
    ProjectError,
    create_project,
    edit_project,
    publish_project,
    restore_version,
)
from civicfund.projects.services.authors import (
    accept_invitation,
    invite_co_author,
    say_what_one_does,
)
from civicfund.projects.services.files import (
    add_file,
    put_in_front,
    remove_file,
    say_what_it_shows,
)
from civicfund.projects.services.joining import accept_wish, ask_to_join
from civicfund.projects.services.merging import agree_to_merge, ask_to_merge, decline_to_merge
from civicfund.projects.services.moderating import flag_project
from civicfund.projects.services.offers import Help, accept_offer, offer_help
from civicfund.projects.services.supporting import support_project
from civicfund.talk.enums import PauseOutcome, SubjectKind, Wrong
from civicfund.talk.models import Comment, Flag, Pause
from civicfund.talk.selectors.desks import months_of_moderation
from civicfund.talk.selectors.pauses import pause_appeals_for, why_paused
from civicfund.talk.services import (
    TalkError,
    appeal_pause,
    begin_thread,
    decide_pause,
    delete_comment,
    edit_comment,
    end_pause,
    flag_comment,
    follow,
    forget_author,
    pause_writing,
    write_comment,
)
from civicfund.town.selectors.waiting import waiting_for
from tests.factories.budgeting import draft_cycle
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, RewardFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, about, subject_of
from tests.hostile_files import a_picture
from tests.pledges.test_campaigns import create
from tests.projects.test_services import draft
from tests.talk.test_moderating import moderator
from tests.talk.test_ways_to_judge import come

pytestmark = pytest.mark.django_db


def paused(person=None, by=None, days=7):
    person = person or UserFactory()
    return pause_writing(
        person, by=by or moderator(), days=days, reason=Wrong.INSULT, words="Again and again."
    )


def over(person):
    """A pause whose time has run out."""
    now = timezone.now()
    row = {"paused_at": now - timedelta(days=8), "until": now - timedelta(seconds=1)}
    return Pause.objects.create(person=person, reason=Wrong.OTHER, paused_by=moderator(), **row)


def test_whoever_is_paused_writes_nothing_and_reads_why_and_until_when():
    comment = CommentFactory()
    person = comment.author
    pause = paused(person)
    other, project, campaign = CommentFactory(), ProjectFactory(proposer=person), CampaignFactory()
    asked = {"by": person, "reason": Wrong.OTHER}
    described = {"title": "A bench", "summary": "To sit.", "neighborhood": project.neighborhood}
    acts = [
        (TalkError, lambda: write_comment(about(ProjectFactory()), by=person, body="Hm.")),
        (TalkError, lambda: write_comment(subject_of(other), by=person, body="H", parent=other)),
        (TalkError, lambda: edit_comment(comment, by=person, body="Fools.")),
        (TalkError, lambda: flag_comment(other, **asked)),
        (ProjectError, lambda: flag_project(ProjectFactory(), **asked)),
        (ProjectError, lambda: edit_project(project, by=person, title="Fools")),
        (ProjectError, lambda: create_project(person, **described)),
        (RefusedError, lambda: report_campaign(campaign, by=person, reason=ReportReason.OTHER)),
    ]
    count = Comment.objects.count()
    for error, act in acts:
        with pytest.raises(error, match="has paused your writing until") as refused:
            act()
        for words in (f"{timezone.localtime(pause.until):%Y}", "insults", reverse("my_pause")):
            assert words in str(refused.value)
    assert Comment.objects.count() == count
    assert not Flag.objects.exists()
    assert not ProjectFlag.objects.exists()
    assert not CampaignReport.objects.exists()
    assert Comment.objects.get(pk=comment.pk).body == comment.body


def begins_a_campaign(person):
    project = ProjectFactory(proposer=person)
    return lambda: create(project), lambda: CampaignFactory(project=project)


def sends_a_campaign_in(person):
    mine = create(ProjectFactory(proposer=person))
    rows = Campaign.objects.filter(pk=mine.pk)
    return lambda: submit_campaign(mine, by=person), lambda: rows.update(state="submitted")


def adds_a_reward(person):
    mine = CampaignFactory(creator=person)
    terms = RewardTerms("A cup", 2000)
    return lambda: add_reward(mine, terms, by=person), lambda: RewardFactory(campaign=mine)


def writes_an_update_of_what_another_runs(person):
    campaign = CampaignFactory()
    CoAuthor.objects.create(project=campaign.project, user=person)
    said = {"title": "News", "audience": Audience.ALL}

    def past_the_service():
        words = begin_thread(SubjectKind.UPDATE, 1, by=person, body="Soon.")
        CampaignUpdate.objects.create(pk=1, campaign=campaign, number=1, words=words, **said)

    return lambda: publish_update(campaign, by=person, body="Soon.", **said), past_the_service


def invites_a_co_author(person):
    project = ProjectFactory(proposer=person)
    asked = {"address": "friend@example.org"}
    return (
        lambda: invite_co_author(project, **asked, by=person),
        lambda: Invitation.objects.create(project=project, **asked),
    )


def agrees_to_a_merge(person):
    child = ProjectFactory()
    asked = ask_to_merge(
        child, ProjectFactory(proposer=person), reason="The same.", by=child.proposer
    )
    rows = Merge.objects.filter(pk=asked.pk)
    agreed = {"state": MergeState.AGREED, "decided_by": person, "decided_at": timezone.now()}
    return (
        lambda: agree_to_merge(asked, by=person),
        lambda: rows.update(**agreed, state_before=ProjectState.READY),
    )


CLOSED = (
    begins_a_campaign,
    sends_a_campaign_in,
    adds_a_reward,
    writes_an_update_of_what_another_runs,
    invites_a_co_author,
    agrees_to_a_merge,
)


@pytest.mark.parametrize("closed", CLOSED)
def test_whoever_is_paused_brings_nothing_new_to_others_until_it_is_over(closed):
    tables = (Campaign, CampaignUpdate, Comment, Invitation, Merge, Project, Reward)

    def kept():
        return [list(table.objects.order_by("pk").values()) for table in tables]

    person = UserFactory()
    act, past_the_service = closed(person)
    pause, before = paused(person), kept()
    with pytest.raises((RefusedError, ProjectError), match="has paused your writing until"):
        act()
    with pytest.raises(IntegrityError, match="whoever is paused"), transaction.atomic():
        past_the_service()
    assert kept() == before
    end_pause(pause, by=moderator())
    act()
    assert kept() != before


def says_yes_to_an_invitation(person):
    project = ProjectFactory()
    invitation = invite_co_author(project, person.email, by=project.proposer)
    return lambda: accept_invitation(invitation, by=person)


def takes_somebody_in(person):
    wish = ask_to_join(ProjectFactory(proposer=person), "I live there.", by=UserFactory())
    return lambda: accept_wish(wish, by=person)


@pytest.mark.parametrize("closed", [says_yes_to_an_invitation, takes_somebody_in])
def test_nobody_joins_by_a_yes_of_whoever_is_paused_and_what_waits_is_kept(closed):
    person = UserFactory()
    act = closed(person)
    pause = paused(person)
    with pytest.raises(ProjectError, match="has paused your writing until"):
        act()
    assert not CoAuthor.objects.exists()
    assert Invitation.objects.count() + JoinWish.objects.count() == 1
    end_pause(pause, by=moderator())
    act()
    assert CoAuthor.objects.count() == 1


def test_whoever_is_paused_takes_over_what_they_brought_on_paper():
    person = UserFactory()
    project = ProjectFactory(handed_in_by="Ada North")
    invitation = invite_co_author(project, person.email, by=project.proposer, takes_over=True)
    paused(person)
    accept_invitation(invitation, by=person)
    project.refresh_from_db()
    assert project.proposer == person


def test_whoever_is_paused_ends_what_they_began_and_takes_it_back():
    person = UserFactory()
    live, sent = CampaignFactory(creator=person), create(ProjectFactory(proposer=person))
    submit_campaign(sent, by=person)
    draft_of_theirs = create(ProjectFactory(proposer=person))
    child = ProjectFactory()
    asked = ask_to_merge(
        child, ProjectFactory(proposer=person), reason="The same.", by=child.proposer
    )
    paused(person)
    cancel_campaign(live, by=person)
    take_back_campaign(sent, by=person)
    throw_away_campaign(draft_of_theirs, by=person)
    decline_to_merge(asked, by=person)
    assert set(Campaign.objects.values_list("state", flat=True)) == {"cancelled", "draft"}
    assert Merge.objects.get().state == MergeState.DECLINED


def test_a_draft_from_before_is_not_published_meanwhile():
    project = draft(latitude=0.5, longitude=0.5)
    paused(project.proposer)
    with pytest.raises(ProjectError, match="has paused"):
        publish_project(project, by=project.proposer)
    assert Project.objects.get(pk=project.pk).state == ProjectState.DRAFT


def test_a_project_is_not_entered_into_a_vote_meanwhile():
    cycle = draft_cycle(costs_minor=())
    project = ProjectFactory()
    paused(project.proposer)
    with pytest.raises(CycleRefusedError, match="has paused"):
        submit_proposal(project, cycle.pots.first(), by=project.proposer)
    assert not Proposal.objects.exists()


def test_supporting_following_deleting_and_updates_of_a_campaign_go_on():
    comment, campaign = CommentFactory(), CampaignFactory()
    paused(comment.author)
    paused(campaign.creator)
    project = ProjectFactory()
    support_project(project, by=comment.author)
    follow(about(project), by=comment.author)
    delete_comment(comment, by=comment.author)
    update = publish_update(
        campaign, by=campaign.creator, title="News", body="Soon.", audience=Audience.ALL
    )
    correct_update(update, by=campaign.creator, body="Later.")
    assert Support.objects.get().person == comment.author
    assert Comment.objects.get(pk=comment.pk).deleted_at


@pytest.mark.parametrize("days", [1, 7, 30])
def test_it_lasts_as_long_as_was_said_and_is_told_by_mail(days):
    by = moderator()
    pause = paused(by=by, days=days)
    assert pause.until - pause.paused_at == timedelta(days=days)
    [mail] = Message.objects.filter(recipient=pause.person)
    assert (mail.kind, mail.context["words"]) == ("writing_paused", "Again and again.")
    event = Event.objects.get(verb="pause.begun")
    assert (event.actor, event.data) == (by, {"reason": "insult", "days": days})


def test_when_it_is_over_they_write_again():
    person = UserFactory()
    over(person)
    assert why_paused(person) == ""
    write_comment(about(ProjectFactory()), by=person, body="Good morning.")


def test_whom_nobody_pauses():
    by, other = moderator(), moderator()
    other.refresh_from_db()
    with pytest.raises(TalkError, match="Only a moderator"):
        paused(by=UserFactory())
    for person in (by, other):
        with pytest.raises(TalkError, match="of the staff"):
            paused(person, by=by)
    with pytest.raises(TalkError, match="Choose one"):
        paused(by=by, days=365)
    pause = paused(by=by)
    with pytest.raises(TalkError, match="stands already"):
        paused(pause.person)
    assert Pause.objects.get() == pause


def test_a_moderator_ends_it_and_they_are_told():
    pause = paused()
    end_pause(pause, by=moderator())
    assert why_paused(pause.person) == ""
    assert Message.objects.filter(recipient=pause.person).latest("pk").kind == "pause_ended"
    with pytest.raises(TalkError, match="over"):
        end_pause(pause, by=moderator())


@pytest.mark.parametrize("outcome", PauseOutcome)
def test_another_moderator_decides_on_an_appeal(outcome):
    first, second = moderator(), moderator()
    pause = paused(by=first)
    with pytest.raises(TalkError, match="Only the person"):
        appeal_pause(pause, by=UserFactory(), words="No.")
    appeal_pause(pause, by=pause.person, words="It was a quotation.")
    with pytest.raises(TalkError, match="already"):
        appeal_pause(pause, by=pause.person, words="Again.")
    assert not pause_appeals_for(first)
    assert list(pause_appeals_for(second)) == [pause]
    assert [each.number for each in waiting_for(second)] == [1]
    for act in (
        lambda: decide_pause(pause, by=first, outcome=outcome),
        lambda: end_pause(pause, by=first),
    ):
        with pytest.raises(TalkError, match="another moderator"):
            act()
    decide_pause(pause, by=second, outcome=outcome)
    lifted = outcome == PauseOutcome.LIFTED
    assert bool(why_paused(pause.person)) is not lifted
    assert not pause_appeals_for(second)
    last = Message.objects.filter(recipient=pause.person).latest("pk")
    assert last.kind == ("pause_ended" if lifted else "pause_stays")


def test_where_no_other_moderator_is_there_superusers_are_told():
    root = UserFactory(is_superuser=True, is_staff=True)
    pause = paused(by=moderator())
    appeal_pause(pause, by=pause.person, words="No.")
    assert Message.objects.get(recipient=root).kind == "appeal_of_nobody"


def test_the_tables_refuse_comments_of_whoever_is_paused_and_changes_of_a_pause():
    comment = CommentFactory()
    pause = paused(comment.author)
    with pytest.raises(IntegrityError, match="says nothing"), transaction.atomic():
        CommentFactory(author=comment.author)
    with pytest.raises(IntegrityError, match="says nothing"), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(body="Fools.")
    rows = Pause.objects.filter(pk=pause.pk)
    for changes in (
        {"until": timezone.now()},
        {"reason": Wrong.OTHER},
        {"words": ""},
        {"person": UserFactory()},
        {"paused_by": UserFactory()},
    ):
        with pytest.raises(IntegrityError, match="stays as it was"), transaction.atomic():
            rows.update(**changes)
    with pytest.raises(IntegrityError, match="stays as it was"), transaction.atomic():
        rows.delete()
    now = timezone.now()
    for changes, name in (
        ({"lifted_by": pause.person, "lifted_at": now}, "pause_lifted_by_somebody_else"),
        ({"lifted_at": now}, "pause_lifted_by_somebody_else"),
        ({"outcome": "lifted"}, "pause_decided_after_an_appeal"),
        (
            {"appealed_at": now, "outcome": "upheld", "decided_at": now}
            | {"decided_by": pause.paused_by},
            "pause_decided_by_another",
        ),
        (
            {"appealed_at": now, "lifted_at": now, "lifted_by": pause.paused_by},
            "pause_appealed_is_decided",
        ),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            rows.update(**changes)
    own = UserFactory()
    with pytest.raises(IntegrityError, match="pause_of_somebody_else"), transaction.atomic():
        Pause.objects.create(
            person=own, paused_by=own, reason="other", until=now + timedelta(days=1)
        )


def test_of_somebody_who_is_erased_the_appeal_is_gone():
    pause = paused()
    appeal_pause(pause, by=pause.person, words="My neighbor began.")
    forget_author(pause.person)
    assert Pause.objects.get().appeal_words == ""


def test_the_public_reads_only_how_many_there_are(client):
    pause = paused()
    client.logout()
    page = client.get(reverse("moderation")).content.decode()
    assert "Accounts paused" in page
    assert pause.person.display_name not in page
    assert len(months_of_moderation()) == 1


def test_a_moderator_pauses_somebody_on_the_page_and_another_decides(client):
    comment = CommentFactory()
    come(client)
    address = reverse("pause_person", args=[comment.author_id])
    assert address in client.get(reverse("judge_author", args=[comment.author_id])).content.decode()
    sent = {"act": "pause", "days": "7", "reason": "insult", "words": "Stay kind."}
    assert client.post(address, sent | {"days": ""}).status_code == 400
    assert client.post(address, sent).url == address
    assert "Let them write again" in client.get(address).content.decode()
    client.logout()
    client.force_login(comment.author)
    thread = reverse("thread", args=["project", comment.thread.subject_id])
    answer = client.post(thread, {"body": "A long thought."})
    assert answer.status_code == 400
    for words in ("has paused your writing until", "A long thought."):
        assert words in answer.content.decode()
    shown = client.get(reverse("my_pause")).content.decode()
    assert "Stay kind." in shown
    assert client.post(reverse("my_pause"), {"words": ""}).status_code == 400
    assert client.post(reverse("my_pause"), {"words": "I quoted."}).status_code == 302
    again = client.post(reverse("my_pause"), {"words": "Once more."})
    assert "Once more." in again.content.decode()
    come(client)
    assert address in client.get(reverse("comments_desk")).content.decode()
    assert "I quoted." in client.get(address).content.decode()
    client.post(address, {"act": "lift"})
    assert Pause.objects.get().outcome == PauseOutcome.LIFTED
    assert client.post(address, {"act": "lift"}).status_code == 400


def test_whoever_is_not_paused_has_nothing_to_appeal(client):
    client.force_login(UserFactory())
    assert "You may write" in client.get(reverse("my_pause")).content.decode()
    assert client.post(reverse("my_pause"), {"words": "No."}).status_code == 302


def test_a_form_of_a_project_keeps_what_was_typed(client):
    pause = paused()
    client.force_login(pause.person)
    sent = {"title": "A bench", "summary": "For Mill Lane."}
    answer = client.post(reverse("project_new"), sent)
    assert answer.status_code == 400
    assert "A bench" in answer.content.decode()
    assert not Project.objects.exists()


def test_the_role_alone_opens_the_desk(client):
    person = UserFactory()
    for role in set(Role) - {Role.MODERATOR}:
        grant_role(person, role, by=None)
    come(client, person)
    assert client.get(reverse("pause_person", args=[person.pk])).status_code == 403


def test_nothing_that_is_public_of_a_project_changes_meanwhile():
    person, helper = UserFactory(), UserFactory()
    project, other = ProjectFactory(proposer=person, wanted=["owner"]), ProjectFactory()
    shared = ProjectFactory()
    CoAuthor.objects.create(project=shared, user=person)
    edit_project(project, by=person, story="We sit here.")
    file = add_file(project, a_picture(), words="A bench", by=person)
    offer = offer_help(project, Part.OWNER, Help("I would."), by=helper)
    own_draft = ProjectFactory(proposer=person, state=ProjectState.DRAFT)
    asking = ProjectFactory(wanted=["owner"])
    paused(person)
    happened = Event.objects.count()
    for act in (
        lambda: add_file(project, a_picture(), words="Fools", by=person),
        lambda: say_what_it_shows(file, words="Fools", by=person),
        lambda: put_in_front(file, by=person),
        lambda: restore_version(project, 1, by=person),
        lambda: accept_offer(offer, by=person),
        lambda: say_what_one_does(shared, by=person, words="Fools"),
        lambda: write_plan(project, [], by=person),
        lambda: offer_help(asking, Part.OWNER, Help("Fools."), by=person),
        lambda: ask_to_join(other, "Fools.", by=person),
        lambda: ask_to_merge(project, other, reason="Fools.", by=person),
    ):
        with pytest.raises((ProjectError, PlanRefusedError), match="has paused"):
            act()
    assert Event.objects.count() == happened
    assert project.files.get().words == "A bench"
    remove_file(file, by=person)
    assert add_file(own_draft, a_picture(), words="A bench", by=person)
