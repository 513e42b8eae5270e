"""What the labelled demo accounts do, one small act at a time, through the public services."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from budgeting.enums import CycleState, Origin
from budgeting.models import Cycle, Participation
from budgeting.services.results import PUBLISH, certify, certify_anew, publish
from budgeting.services.second_person import acts_asked
from budgeting.services.trustees import UNSEAL, approve_unsealing, request_unsealing
from civicfund.audit.services import db_now
from civicfund.people.models import User
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import SETTLED_CAMPAIGN, CampaignState, QuestionKind
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services.cards import save_test_card
from civicfund.pledges.services.pledging import pledge
from civicfund.pledges.services.surveys import Asked, send_survey, write_survey
from civicfund.town.demo.accounts import account
from civicfund.town.demo.campaigns import PlannedPledge, planned_pledges
from civicfund.town.demo.cycles import RUNNING, VISITORS, vote
from civicfund.town.demo.trustees import open_as_trustees

VOTES_PER_ROUND = 2
PLEDGES_PER_ROUND = 6
# So many of the residents never vote, as in life.
STAY_AWAY = 60


def demo_residents() -> list[User]:
    """The made-up town's residents, in the order of their making."""
    return list(User.objects.filter(email__startswith="resident-").order_by("pk"))


def residents_vote() -> None:
    """A few who have not voted yet cast their ballot in the running cycle."""
    cycle = Cycle.objects.filter(slug=RUNNING, state=CycleState.OPEN).first()
    if cycle is None or cycle.voting_ends_at is None or db_now() >= cycle.voting_ends_at:
        return
    voted = set(
        Participation.objects.filter(cycle=cycle).values_list("roll_entry__claimed_by", flat=True)
    )
    waiting = [resident for resident in demo_residents() if resident.pk not in voted]
    # The first stay free, for visitors to try.
    for resident in waiting[STAY_AWAY : STAY_AWAY + VOTES_PER_ROUND]:
        vote(cycle, resident, Random(resident.email))


def backers_pledge() -> None:
    """A few pledges that are planned and not made yet; the campaign that ends first goes first."""
    backers = demo_residents()[VISITORS:]
    left = PLEDGES_PER_ROUND
    live = Campaign.objects.filter(state=CampaignState.LIVE, deadline_at__gt=db_now())
    for campaign in live.select_related("project").order_by("deadline_at"):
        made = set(Pledge.objects.filter(campaign=campaign).values_list("backer", flat=True))
        for planned in planned_pledges(campaign, backers):
            if left and planned.backer.pk not in made:
                back(campaign, planned)
                left -= 1


def back(campaign: Campaign, planned: PlannedPledge) -> None:
    """Promise an amount, and save a test card for it at the sandbox."""
    promise = pledge(
        campaign,
        backer=planned.backer,
        amount_minor=planned.amount_minor,
        consent_version=CONSENT_VERSION,
    )
    save_test_card(promise, planned.card)


def creators_ask() -> None:
    """Creators of campaigns that are collected ask their backers one thing."""
    done = Campaign.objects.filter(state__in=SETTLED_CAMPAIGN, surveys__isnull=True)
    question = Asked("May your name stand on the board?", QuestionKind.YES_NO)
    for campaign in done.select_related("creator"):
        survey = write_survey(
            campaign,
            by=campaign.creator,
            reward=None,
            intro="Thank you! One thing before we build it.",
            questions=[question],
        )
        send_survey(survey, by=campaign.creator)


def administrators_ask_for_opening() -> None:
    """One administrator asks that a closed vote be opened."""
    for cycle in Cycle.objects.filter(state=CycleState.CLOSED, origin=Origin.RUN):
        if not acts_asked(cycle, UNSEAL):
            request_unsealing(cycle, by=account("administrator"))


def administrators_agree_to_opening() -> None:
    """Another one agrees, and two trustees hand in their parts."""
    for cycle in Cycle.objects.filter(state=CycleState.CLOSED, origin=Origin.RUN):
        if acts_asked(cycle, UNSEAL):
            approve_unsealing(cycle, by=account("second-administrator"))
            open_as_trustees(cycle)


def certifiers_certify() -> None:
    """One certifier looks at what was counted."""
    for cycle in Cycle.objects.filter(state=CycleState.COUNTED, origin=Origin.RUN):
        certify(cycle, by=account("certifier"))


def certifiers_publish() -> None:
    """Another one publishes it; where the first yes has lapsed meanwhile, it is said again."""
    for cycle in Cycle.objects.filter(state=CycleState.CERTIFIED, origin=Origin.RUN):
        if acts_asked(cycle, PUBLISH):
            publish(cycle, by=account("second-certifier"))
        else:
            certify_anew(cycle, by=account("certifier"))


STEPS: tuple[Callable[[], None], ...] = (
    certifiers_publish,
    certifiers_certify,
    administrators_agree_to_opening,
    administrators_ask_for_opening,
    creators_ask,
    backers_pledge,
    residents_vote,
)
