"""What people say in a town that the small town has not heard yet: each with where it is read."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.urls import reverse

from budgeting.enums import PhaseKind, TrialState
from budgeting.models import Proposal, Trial
from budgeting.services.appropriations import request_appropriation
from budgeting.services.kiosks import register_kiosk
from budgeting.services.proposals import give_pot, keep_off_ballot, take_off_ballot
from budgeting.services.reviews import appeal, give_back, give_review, request_changes
from budgeting.services.rewording import reword
from budgeting.services.taking_back import take_back_review
from civicfund.complaints.services.answering import note, take
from civicfund.complaints.services.filing import complain
from civicfund.delivery.services.reaching import find_not_reached, say_reached
from civicfund.payments.services import review_orphan
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.pledges.enums import (
    CampaignState,
    PledgeState,
    QuestionKind,
    ReportReason,
    SuspensionOutcome,
)
from civicfund.pledges.models import GoalLine, Pledge, ShippingZone, Survey
from civicfund.pledges.services.moderating import (
    appeal_suspension,
    decide_appeal,
    report_campaign,
    suspend_campaign,
)
from civicfund.pledges.services.surveys import Asked, answer_survey, send_survey, write_survey
from civicfund.projects.enums import Part
from civicfund.projects.models import Offer
from civicfund.projects.services import edit_project
from civicfund.projects.services.files import add_file, kept_of
from civicfund.projects.services.joining import ask_to_join
from civicfund.projects.services.merging import merge_as_moderator, undo_merge
from civicfund.projects.services.moderating import appeal_project, flag_project
from civicfund.projects.services.offers import Help, offer_help
from civicfund.projects.services.veiling import veil_file, veil_version
from civicfund.reconciliation.services.explaining import explain
from civicfund.talk.enums import Wrong
from civicfund.talk.services import appeal_pause, flag_comment, pause_writing
from tests.budgeting.test_changing_pots import entered, north, two_pots
from tests.budgeting.test_moving import opened_with
from tests.complaints.test_complaints import answered
from tests.factories.budgeting import (
    administrator,
    draft_cycle,
    extended,
    moved,
    rehearsed,
    running_cycle,
)
from tests.factories.delivery import planned
from tests.factories.paper import accounted, begun_anew, closed, ended, paper_cycle
from tests.factories.payouts import new_treasurer
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import refused_publicly, reviewing_cycle
from tests.hostile_files import a_picture
from tests.talk.test_moderating import appealed
from tests.town.people import ANONYMOUS, CO_AUTHOR, OWNER, RESIDENT
from tests.town.small_town import SmallTown

Pages = dict[str, tuple[Client, str]]


def more_words(town: SmallTown) -> Pages:
    """Said; and pages beside those of ``ROUTES``, each with who reads it."""
    return (
        _reported(town)
        | _suspended(town)
        | _written(town)
        | _brought(town)
        | _of_cycles(town)
        | _of_money(town)
    )


def _page(town: SmallTown, who: str, name: str, *args: object) -> Pages:
    return {f"{name} {args[-1]}": (town.clients[who], reverse(name, args=args))}


def _reported(town: SmallTown) -> Pages:
    t, anyone = town.things, town.people[RESIDENT]
    moderator, officer = town.people[Role.MODERATOR], town.people[Role.COMPLAINTS_OFFICER]
    flag_comment(t.comment, by=anyone, reason=Wrong.OTHER, words="x")
    flag_project(t.project, by=anyone, reason=Wrong.OTHER, words="x")
    report_campaign(t.campaign, by=anyone, reason=ReportReason.OTHER, words="x")
    appeal_project(t.hidden_project, by=town.people[OWNER], words="x")
    hidden = appealed(by=moderator).comment
    paused = pause_writing(UserFactory(), by=moderator, days=7, reason=Wrong.OTHER, words="x")
    appeal_pause(paused, by=paused.person, words="x")
    file = add_file(t.project, a_picture(), words="A bench", by=town.people[OWNER])
    veil_file(file, by=moderator, reason=Wrong.PRIVATE, words="x")
    version = edit_project(t.project, by=town.people[OWNER], story="x").versions.get(number=1)
    veil_version(version, by=moderator, reason=Wrong.PRIVATE, words="x")
    take(t.complaint, by=officer)
    note(t.complaint, by=officer, words="x")
    done = complain(about="data", words="Hm.", answer_to=anyone.email, by=anyone)
    answered(done)
    return {
        **_page(town, Role.MODERATOR, "judge_project", t.hidden_project.pk),
        **_page(town, ANONYMOUS, "project", t.hidden_project.pk),
        **_page(town, Role.MODERATOR, "judge_comment", hidden.pk),
        **_page(town, RESIDENT, "comment", hidden.pk),
        **_page(town, Role.MODERATOR, "pause_person", paused.person_id),
        **_page(town, Role.MODERATOR, "judge_file", t.project.pk, file.pk),
        **_page(town, Role.MODERATOR, "judge_version", t.project.pk, version.number),
        **_page(town, Role.MODERATOR, "judge_campaign", t.campaign.pk),
        **_page(town, RESIDENT, "complaint_state", done.pk),
    }


def _suspended(town: SmallTown) -> Pages:
    owner, moderator, another = town.people[OWNER], town.people[Role.MODERATOR], UserFactory()
    grant_role(another, Role.MODERATOR, by=None)
    waits, decided = (CampaignFactory(project=ProjectFactory(proposer=owner)) for _each in range(2))
    for each in (waits, decided):
        suspend_campaign(each, by=moderator, reason="x")
        appeal_suspension(each, by=owner, words="x")
    decide_appeal(decided, by=another, outcome=SuspensionOutcome.UPHELD, reason="x")
    return {
        **_page(town, OWNER, "campaign_appeal", waits.pk),
        **_page(town, Role.MODERATOR, "judge_campaign", waits.pk),
        **_page(town, OWNER, "campaign", decided.pk),
    }


def _brought(town: SmallTown) -> Pages:
    """To the authors of a project: a picture with an offer, and somebody's wish to write along."""
    project, anyone = ProjectFactory(proposer=town.people[OWNER], wanted=["photo"]), UserFactory()
    picture = Help("x", file=kept_of(a_picture(), words="x"))
    offer_help(project, Part.PHOTO, picture, by=anyone)
    ask_to_join(project, "x", by=anyone)
    return {
        **_page(town, OWNER, "project_offers", project.pk),
        **_page(town, OWNER, "project_authors", project.pk),
    }


def _written(town: SmallTown) -> Pages:
    t, moderator = town.things, town.people[Role.MODERATOR]
    other = ProjectFactory()
    report = say_reached(planned(other, 40, 60)[0], by=other.proposer, words="x")
    find_not_reached(report, by=moderator, words="x")
    merged = merge_as_moderator(ProjectFactory(), ProjectFactory(), reason="x", by=moderator)
    undo_merge(merged, reason="x", by=moderator)
    Offer.objects.create(
        project=t.project, part=Part.COST, by=town.people[RESIDENT], words="x",
        cost_lines=[["Wood", 100]],
    )  # fmt: skip
    draft = t.draft_campaign
    GoalLine.objects.create(campaign=draft, position=9, label="x", amount_minor=100)
    ShippingZone.objects.create(campaign=draft, position=9, name="x", amount_minor=100)
    return {
        **_page(town, OWNER, "project_plan", t.project.pk),
        **_page(town, RESIDENT, "project", other.pk),
    }


def _of_cycles(town: SmallTown) -> Pages:
    t, reviewer = town.things, town.people[Role.REVIEWER]
    register_kiosk(t.running, name="x", by=administrator())
    Trial.objects.filter(pk=t.trial.pk).update(state=TrialState.FAILED, error="x")
    request_changes(t.proposal, words="x", by=reviewer)
    give_back(t.proposal, answer="x", by=t.proposal.project.proposer)
    refused, proposal, _reviewers = refused_publicly()
    appeal(proposal, reason="x", by=proposal.project.proposer)
    amid, [wrong] = reviewing_cycle()
    given = give_review(wrong, feasible=True, by=reviewer)
    take_back_review(given, reason="x", by=reviewer)
    longer = running_cycle()[0]
    extended(longer, timedelta(hours=1))
    lost, _people, place, _numbers = paper_cycle()
    closed(lost)
    accounted(place, 1)
    begun_anew(lost)
    ended(lost)
    day = timedelta(days=1)
    shorter, _people = opened_with({PhaseKind.INFORMING: (-1, 1)}, voting=(2, 3))
    moved(shorter, PhaseKind.INFORMING, day / 2)
    reword(shorter, title="x", summary="x", reason="x", by=administrator())
    gone: Proposal = shorter.proposals.earliest("pk")
    take_off_ballot(gone, reason="x", by=administrator())
    keep_off_ballot(gone, reason="x", by=administrator())
    with_pots, place = two_pots()
    given = entered(with_pots, place)
    give_pot(given, north(with_pots), reason="x", by=administrator())
    keyed = rehearsed(draft_cycle())
    treasurer = new_treasurer()
    request_appropriation(keyed, total_minor=100, words="x", by=treasurer)
    return {
        **_page(town, Role.BUDGET_ADMINISTRATOR, "cycle_key", keyed.slug),
        **_page(town, Role.TREASURER, "cycle_money", keyed.slug),
        **_page(town, Role.REVIEWER, "review", refused.slug, proposal.pk),
        **_page(town, Role.REVIEWER, "review", with_pots.slug, given.pk),
        **_page(town, Role.REVIEWER, "review", amid.slug, wrong.pk),
        **_page(town, Role.REVIEWER, "reviews", refused.slug),
        **_page(town, CO_AUTHOR, "cycle", refused.slug),
        **_page(town, Role.BUDGET_ADMINISTRATOR, "ballot_desk", shorter.slug),
        **_page(town, CO_AUTHOR, "cycle", shorter.slug),
        **_page(town, Role.BUDGET_ADMINISTRATOR, "moving", shorter.slug),
        **_page(town, Role.BUDGET_ADMINISTRATOR, "cycle_desk", shorter.slug),
        **_page(town, CO_AUTHOR, "project", gone.project_id),
        **_page(town, Role.BUDGET_ADMINISTRATOR, "extending", longer.slug),
        **_page(town, CO_AUTHOR, "cycle", longer.slug),
        **_page(town, CO_AUTHOR, "paper", lost.slug),
        **_page(town, CO_AUTHOR, "paper_csv", lost.slug),
        **_page(town, Role.BUDGET_ADMINISTRATOR, "paper_desk", lost.slug),
    }


def _of_money(town: SmallTown) -> Pages:
    t = town.things
    explain(t.difference, by=town.people[Role.TREASURER], words="x", correct=True)
    review_orphan(t.orphan, by=town.people[Role.TREASURER], words="x")
    survey, pledge = asked_backer()
    replies = dict(zip([each.pk for each in survey.questions.all()], ("x", "x"), strict=True))
    answer_survey(survey, pledge, replies=replies, address="x")
    creator, backer = Client(), Client()
    creator.force_login(survey.campaign.creator)
    backer.force_login(pledge.backer)
    return {
        "survey": (creator, reverse("survey", args=[survey.campaign_id, 0])),
        "survey_csv": (creator, reverse("survey_csv", args=[survey.campaign_id, 0])),
        "pledge_survey": (backer, reverse("pledge_survey", args=[pledge.pk])),
    }


def asked_backer() -> tuple[Survey, Pledge]:
    """A survey of a campaign that is over, with the pledge of somebody who was asked."""
    campaign = CampaignFactory(state=CampaignState.SETTLED)
    zone = ShippingZone.objects.create(campaign=campaign, position=0, name="x", amount_minor=0)
    pledge = PledgeFactory(campaign=campaign, state=PledgeState.COLLECTED, shipping_zone=zone)
    questions = [
        Asked("x", QuestionKind.TEXT),
        Asked("x", QuestionKind.CHOICE, ("x", "Another")),
    ]
    survey = write_survey(
        campaign, by=campaign.creator, reward=None, intro="x", questions=questions
    )
    return send_survey(survey, by=campaign.creator), pledge
