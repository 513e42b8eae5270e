"""The desk on which campaigns are reviewed and moderated."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import civicfund
from civicfund.audit.admin import MOST_EVENTS_SHOWN
from civicfund.audit.models import Event
from civicfund.audit.services import record
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import (
    CAMPAIGN_EVENT_WORDS,
    CAMPAIGN_MOVES,
    Audience,
    CampaignState,
    ReportReason,
)
from civicfund.pledges.models import Campaign, CampaignReport
from civicfund.pledges.selectors import last_edit
from civicfund.pledges.services.campaigns import (
    edit_campaign,
    submit_campaign,
    take_back_campaign,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.moderating import handle_report, report_campaign, resume_campaign
from civicfund.pledges.services.updates import publish_update
from civicfund.projects.models import CoAuthor
from civicfund.talk.enums import SubjectKind, Wrong
from civicfund.talk.models import Hiding
from civicfund.talk.services import TalkError, hide_comment
from civicfund.town.selectors.waiting import waiting_for
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, soon
from tests.factories.talk import CommentFactory, ThreadFactory, subject_of
from tests.pledges.test_drafting import draft
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

DESK = reverse("campaigns_desk")
REVIEWER, MODERATOR = Role.REVIEWER, Role.MODERATOR


def come(client, *roles):
    person = UserFactory()
    for role in roles:
        grant_role(person, role, by=None)
    person.refresh_from_db()
    client.logout()
    sign_in_with_second_factor(client, person)
    return person


def submitted():
    campaign = draft()
    return submit_campaign(campaign, by=campaign.creator)


def reported(words="It is ours.", **more):
    campaign = CampaignFactory(**more)
    report_campaign(campaign, reason=ReportReason.NOT_THEIRS, words=words, by=None)
    return campaign


def do(client, campaign, act, **sent):
    seen = {"seen": last_edit(campaign.pk)} if act == "approve" else {}
    return client.post(reverse("judge_campaign", args=[campaign.pk]), {"act": act} | seen | sent)


def state_of(campaign):
    return Campaign.objects.get(pk=campaign.pk).state


def listed(client):
    return [campaign.pk for campaign in client.get(DESK).context["page"]]


def test_a_moderator_finds_reports_first_and_a_reviewer_what_was_submitted(client):
    waiting, wrong = submitted(), reported()
    stopped = CampaignFactory(state=CampaignState.SUSPENDED)
    CampaignFactory()
    CampaignFactory(state=CampaignState.DRAFT)
    come(client, MODERATOR)
    assert listed(client) == [wrong.pk, waiting.pk, stopped.pk]
    come(client, REVIEWER)
    assert listed(client) == [waiting.pk]


@pytest.mark.parametrize(
    ("role", "campaign", "offered"),
    [
        (REVIEWER, submitted, ["approve", "request_changes"]),
        (MODERATOR, submitted, []),
        (REVIEWER, CampaignFactory, []),
        (MODERATOR, CampaignFactory, ["suspend"]),
        (MODERATOR, lambda: CampaignFactory(state=CampaignState.SUSPENDED), ["resume"]),
    ],
)
def test_everybody_is_offered_what_they_may_do(client, role, campaign, offered):
    come(client, role)
    page = client.get(reverse("judge_campaign", args=[campaign().pk]))
    assert [name for name, _act in page.context["acts"]] == offered


@pytest.mark.parametrize("page", ["judge_campaign", "preview_campaign"])
def test_a_draft_that_was_not_sent_in_is_its_creator_s_alone(client, page):
    come(client, REVIEWER)
    draft = CampaignFactory(state=CampaignState.DRAFT)
    assert client.get(reverse(page, args=[draft.pk])).status_code == 404
    assert client.get(reverse(page, args=[submitted().pk])).status_code == 200


def test_a_reviewer_reads_the_page_and_approves(client):
    campaign = submitted()
    come(client, REVIEWER)
    page = client.get(reverse("preview_campaign", args=[campaign.pk])).content.decode()
    assert "This is a preview" in page
    assert campaign.project.story in page
    do(client, campaign, "approve")
    assert state_of(campaign) == CampaignState.APPROVED
    answer = client.get(reverse("preview_campaign", args=[campaign.pk]))
    assert answer["Location"] == campaign.get_absolute_url()


@pytest.mark.parametrize("sent", ["as it was", "", "x"])
def test_nothing_is_approved_that_was_written_after_it_was_looked_at(client, sent):
    """The creator took it back meanwhile, asks for more, and sent it in again."""
    campaign = submitted()
    come(client, REVIEWER)
    page = client.get(reverse("judge_campaign", args=[campaign.pk]))
    [seen] = re.findall(r'name="seen" value="(\d+)"', page.content.decode())
    take_back_campaign(campaign, by=campaign.creator)
    edit_campaign(campaign, by=campaign.creator, deadline_at=soon(days=40))
    campaign.refresh_from_db()
    submit_campaign(campaign, by=campaign.creator)
    answer = do(client, campaign, "approve", seen=seen if sent == "as it was" else sent)
    assert answer.status_code == 400
    assert "Its creator has changed it since you looked at it." in answer.content.decode()
    assert state_of(campaign) == CampaignState.SUBMITTED
    [now] = re.findall(r'name="seen" value="(\d+)"', answer.content.decode())
    do(client, campaign, "approve", seen=now)
    assert state_of(campaign) == CampaignState.APPROVED


def test_what_happened_to_a_campaign_is_told_in_words(client):
    campaign = submitted()
    come(client, REVIEWER)
    page = client.get(reverse("judge_campaign", args=[campaign.pk]))
    told = [str(words) for _event, words in page.context["events"]]
    assert told[0] == "From now on: Waiting for review"
    assert "campaign.submitted" not in page.content.decode()


def test_every_act_on_a_campaign_that_is_recorded_anywhere_has_words():
    recorded = {
        node.args[0].value
        for path in Path(civicfund.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "record"
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value.startswith("campaign.")
    }
    moved = {f"campaign.{to}" for moves in CAMPAIGN_MOVES.values() for to in moves}
    assert len(recorded) > 4
    assert recorded | moved <= set(CAMPAIGN_EVENT_WORDS)


def test_a_reviewer_sends_it_back_with_a_reason(client):
    campaign = submitted()
    come(client, REVIEWER)
    answer = do(client, campaign, "request_changes", reason=" ")
    assert ">What has to change? Its creator reads it. Say what" in answer.content.decode()
    assert answer.status_code == 400
    assert "Say what has to change." in answer.content.decode()
    assert state_of(campaign) == CampaignState.SUBMITTED
    do(client, campaign, "request_changes", reason="Say when.")
    assert Campaign.objects.get().review_note == "Say when."


def test_nobody_reviews_their_own_campaign(client):
    campaign = submitted()
    grant_role(campaign.creator, REVIEWER, by=None)
    sign_in_with_second_factor(client, campaign.creator)
    answer = do(client, campaign, "approve")
    assert "Nobody reviews their own campaign." in answer.content.decode()
    assert state_of(campaign) == CampaignState.SUBMITTED


def test_an_act_of_another_role_is_refused_and_nothing_moves(client):
    campaign = submitted()
    come(client, MODERATOR)
    assert do(client, campaign, "approve").status_code == 403
    assert state_of(campaign) == CampaignState.SUBMITTED
    live = CampaignFactory()
    come(client, REVIEWER)
    assert do(client, live, "suspend", reason="No.").status_code == 403
    assert state_of(live) == CampaignState.LIVE


def test_what_is_not_possible_any_more_is_said_and_what_was_typed_stays(client):
    campaign = CampaignFactory(state=CampaignState.UNFUNDED)
    come(client, MODERATOR)
    answer = do(client, campaign, "suspend", reason="It is a fraud.")
    assert answer.status_code == 400
    assert "not possible for the campaign as it is now" in answer.content.decode()
    assert answer.context["form"]["reason"].value() == "It is a fraud."
    assert state_of(campaign) == CampaignState.UNFUNDED


def test_a_campaign_is_suspended_and_goes_on_for_reasons_that_everybody_reads(client):
    campaign = CampaignFactory()
    come(client, MODERATOR)
    do(client, campaign, "suspend", reason="Whose are the pictures?")
    assert "Whose are the pictures?" in client.get(campaign.get_absolute_url()).content.decode()
    assert do(client, campaign, "resume", reason="").status_code == 400
    assert state_of(campaign) == CampaignState.SUSPENDED
    do(client, campaign, "resume", reason="They are theirs.")
    page = client.get(campaign.get_absolute_url()).content.decode()
    assert "They are theirs." in page
    assert "Whose are the pictures?" not in page
    do(client, campaign, "suspend", reason="Again.")
    assert Campaign.objects.get().resumption_reason == ""


def test_the_database_lets_none_go_on_without_a_reason():
    campaign = CampaignFactory(state=CampaignState.SUSPENDED)
    with pytest.raises(IntegrityError, match="for a reason"), transaction.atomic():
        Campaign.objects.update(state=CampaignState.LIVE, resumption_reason=" ")
    assert state_of(campaign) == CampaignState.SUSPENDED


def test_nobody_moderates_their_own_campaign(client):
    campaign = reported(state=CampaignState.SUSPENDED)
    grant_role(campaign.creator, MODERATOR, by=None)
    campaign.creator.refresh_from_db()
    with pytest.raises(RefusedError, match="their own"):
        resume_campaign(campaign, by=campaign.creator, reason="It is mine.")
    with pytest.raises(RefusedError, match="their own"):
        handle_report(CampaignReport.objects.get(), by=campaign.creator)
    assert state_of(campaign) == CampaignState.SUSPENDED
    assert CampaignReport.objects.get().handled_at is None


def co_author(client, campaign, *roles):
    """Somebody of the campaign's team who holds the roles, too."""
    CoAuthor.objects.create(project=campaign.project, user=(person := come(client, *roles)))
    return person


def test_a_co_author_reviews_no_campaign_of_their_team(client):
    campaign = submitted()
    co_author(client, campaign, REVIEWER)
    shown = client.get(reverse("judge_campaign", args=[campaign.pk])).content.decode()
    assert "You are of its team" in shown
    assert 'name="act"' not in shown
    for act in ("approve", "request_changes"):
        answer = do(client, campaign, act, reason="It is ours.")
        assert "Nobody reviews their own campaign." in answer.content.decode()
    assert state_of(campaign) == CampaignState.SUBMITTED


def test_a_co_author_moderates_no_campaign_of_their_team(client):
    stopped, live = reported(state=CampaignState.SUSPENDED), reported()
    for campaign, act in ((stopped, "resume"), (live, "suspend")):
        before = campaign.state
        co_author(client, campaign, MODERATOR)
        shown = client.get(reverse("judge_campaign", args=[campaign.pk])).content.decode()
        assert "You are of its team" in shown
        assert "It is ours." not in shown
        assert 'name="act"' not in shown
        report = campaign.reports.get()
        for sent in ({"act": act, "reason": "It is ours."}, {"act": "handle", "report": report.pk}):
            answer = client.post(reverse("judge_campaign", args=[campaign.pk]), sent)
            assert "Nobody moderates their own campaign." in answer.content.decode()
        report.refresh_from_db()
        assert (state_of(campaign), report.handled_at) == (before, None)


@pytest.mark.parametrize("how", ["creator", "co-author"])
def test_in_the_admin_nobody_reads_a_report_of_a_campaign_of_their_team(client, how):
    campaign = CampaignFactory()
    rob = UserFactory(display_name="Rob Reporting")
    report_campaign(campaign, reason=ReportReason.NOT_THEIRS, words="A lie.", by=rob)
    report = reverse("admin:pledges_campaignreport_change", args=[campaign.reports.get().pk])
    come(client, MODERATOR)
    shown = client.get(report).content.decode()
    assert ("A lie." in shown, "Rob Reporting" in shown) == (True, False)
    if how == "co-author":
        co_author(client, campaign, MODERATOR)
    else:
        grant_role(campaign.creator, MODERATOR, by=None)
        client.logout()
        sign_in_with_second_factor(client, campaign.creator)
    assert client.get(report).status_code == 302
    listing = client.get(reverse("admin:pledges_campaignreport_changelist"))
    assert "A lie." not in listing.content.decode()


@pytest.mark.parametrize("how", ["creator", "co-author"])
def test_the_trail_takes_no_judgement_of_ones_own_campaign(client, how):
    campaign = reported()
    by = campaign.creator if how == "creator" else co_author(client, campaign, MODERATOR)
    other = record("campaign.approved", campaign, actor=UserFactory())
    states = ("approved", "changes_requested", "suspended", "live")
    for verb in [f"campaign.{state}" for state in states]:
        with pytest.raises(IntegrityError, match="their own team"), transaction.atomic():
            record(verb, campaign, actor=by)
    report = campaign.reports.get()
    with pytest.raises(IntegrityError, match="their own team"), transaction.atomic():
        record("campaign_report.handled", report, actor=by, campaign=campaign.pk)
    assert Event.objects.latest("pk") == other


@pytest.mark.parametrize("how", ["creator", "co-author"])
def test_of_its_team_nobody_judges_what_is_said_of_a_campaign(client, how):
    campaign = CampaignFactory()
    by = campaign.creator if how == "creator" else co_author(client, campaign, MODERATOR)
    grant_role(by, MODERATOR, by=None)
    update = publish_update(
        campaign, by=campaign.creator, title="News", body="It is red.", audience=Audience.ALL
    )
    question = CommentFactory(
        thread=ThreadFactory(kind=SubjectKind.CAMPAIGN, subject_id=campaign.pk)
    )
    answer = CommentFactory(thread=update.words.thread, parent=update.words)
    for comment in (question, answer):
        with pytest.raises(TalkError, match="something that is yours"):
            hide_comment(comment, subject_of(comment), by=by, reason=Wrong.OTHER)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Hiding.objects.create(comment=comment, reason=Wrong.OTHER, hidden_by=by)
        assert refused.value.__cause__.diag.constraint_name == "hiding_by_no_team"
    assert not Hiding.objects.exists()


def test_a_report_is_read_by_moderators_alone_and_answered_once(client):
    campaign = reported("The drawing is my daughter's.")
    report = CampaignReport.objects.get()
    address = reverse("judge_campaign", args=[campaign.pk])
    come(client, REVIEWER)
    assert "my daughter" not in client.get(address).content.decode()
    assert do(client, campaign, "handle", report=report.pk).status_code == 403
    come(client, MODERATOR)
    assert "my daughter" in client.get(address).content.decode()
    do(client, campaign, "handle", report=report.pk)
    report.refresh_from_db()
    assert report.handled_at is not None
    assert Event.objects.filter(verb="campaign_report.handled").count() == 1
    assert listed(client) == []
    for wrong in (report.pk, "x", ""):
        assert do(client, campaign, "handle", report=wrong).status_code == 404


def test_reports_wait_for_nobody_while_a_campaign_is_a_draft_again(client):
    campaign = CampaignFactory(state=CampaignState.APPROVED)
    report_campaign(campaign, by=UserFactory(), reason=ReportReason.OTHER)
    judge = come(client, MODERATOR)
    assert list(client.get(DESK).context["page"]) == [campaign]
    assert [each.number for each in waiting_for(judge)] == [1]
    take_back_campaign(campaign, by=campaign.creator)
    assert list(client.get(DESK).context["page"]) == []
    assert not waiting_for(judge)
    assert campaign.reports.get().handled_at is None


def test_the_desk_asks_as_much_for_three_campaigns_as_for_one(client):
    come(client, REVIEWER, MODERATOR)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            submitted()
            reported()
        with CaptureQueriesContext(connection) as queries:
            client.get(DESK)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_reason_that_is_too_long_is_said_and_moves_nothing(client):
    campaign = submitted()
    come(client, REVIEWER)
    answer = do(client, campaign, "request_changes", reason="x" * 2001)
    assert "2000" in answer.content.decode()
    assert state_of(campaign) == CampaignState.SUBMITTED


def test_a_report_that_two_moderators_answer_is_answered_once():
    [report] = CampaignReport.objects.filter(campaign=reported())
    first, second = (UserFactory() for _ in range(2))
    for person in (first, second):
        grant_role(person, MODERATOR, by=None)
        handle_report(report, by=person)
    [answered] = Event.objects.filter(verb="campaign_report.handled")
    assert answered.actor == first


def test_of_all_that_happened_the_newest_fifty_stand_at_the_desk(client):
    campaign = reported()
    for _ in range(MOST_EVENTS_SHOWN + 1):
        record("campaign.edited", campaign, actor=campaign.creator)
    come(client, MODERATOR)
    answer = client.get(reverse("judge_campaign", args=[campaign.pk]))
    assert len(answer.context["events"]) == MOST_EVENTS_SHOWN
