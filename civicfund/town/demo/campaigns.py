"""Campaigns of the made-up town, one for each state that a visitor should be able to see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from django.conf import settings

from civicfund.audit.services import db_now
from civicfund.delivery.services.planning import Step, write_plan
from civicfund.money import one_major_unit
from civicfund.people.models import User
from civicfund.pledges.enums import Handover, RewardKind, RunBy
from civicfund.pledges.models import Campaign
from civicfund.pledges.services.campaigns import (
    approve_campaign,
    cancel_campaign,
    create_campaign,
    request_changes,
    start_if_time,
    submit_campaign,
)
from civicfund.pledges.services.terms import RewardTerms, ZoneTerms
from civicfund.projects.models import Project
from civicfund.projects.services import Cost
from civicfund.town.demo.accounts import account

GOOD_CARD = "pm_card_visa"
# Saved without complaint, refused when it is charged.
FAILING_CARD = "pm_card_chargeCustomerFail"


@dataclass(frozen=True)
class Plan:
    """A campaign to be: amounts in whole currency units; ``backing`` as a share of the goal."""

    title: str
    goal: int
    lasts: timedelta
    backing: float
    end: str = "live"  # how far it is taken before its own time takes over
    failing_cards: int = 0
    starts_in: timedelta | None = None
    # Who is paid has to set up an account at the provider first: a visitor can try that with one.
    run_by: RunBy = RunBy.TOWN
    # What its project plans: title, what will be shown, days after the end, percent.
    steps: tuple[tuple[str, str, int, int], ...] = ()


_MADE_WITHIN = timedelta(days=90)
_MINUTES, _DAYS = timedelta(minutes=1), timedelta(days=1)
_CIDER = (
    ("The press is ordered", "The order, and where the press will stand", 14, 50),
    ("The press stands", "An afternoon on which everybody may press apples", 90, 40),
    ("The first season is over", "How many liters were pressed, and by whom", 330, 10),
)
PLANS = (
    Plan("Bird hide made of driftwood", 1_500, 4 * _MINUTES, 1.15, failing_cards=1),
    Plan("A water tap at the ball court", 6_600, 3 * _MINUTES, 0.3),
    Plan("Cider press for the neighborhood", 4_800, 12 * _DAYS, 0.72, steps=_CIDER),
    Plan("Story garden beside the library", 9_000, 24 * _DAYS, 0.41),
    Plan("Orchard for everyone", 7_200, 6 * _DAYS, 1.08),
    Plan("Repair shed with a tool library", 12_000, 30 * _DAYS, 0.12, run_by=RunBy.PROPOSER),
    Plan("Clay heritage walk", 5_500, 20 * _DAYS, 0.0, starts_in=2 * _DAYS),
    Plan("Toy and pram library", 3_000, 20 * _DAYS, 0.0, end="submitted"),
    Plan("A free little concert every month", 4_000, 20 * _DAYS, 0.0, end="changes_requested"),
    Plan("Wind-proof bus shelter at Gullpoint", 9_000, 20 * _DAYS, 0.0, end="draft"),
    Plan("Meadow instead of lawn", 4_000, 10 * _DAYS, 0.0, end="cancelled"),
)
_REWARDS = (
    RewardTerms("Your name on the board", 15_00, "A line on the oak board at the entrance."),
    RewardTerms("First visit", 40_00, "You are there when it opens, with one guest.", limit=25),
    RewardTerms("An afternoon with the makers", 120_00, "See how it is made; bring gloves.", 8),
    RewardTerms(
        "A drawing of the place", 9_00, "By a neighbor, on thick paper.", 60,
        kind=RewardKind.ADD_ON, handover=Handover.SHIPPING,
    ),
    RewardTerms(
        "A jar of town honey", 6_00, "From the hives on the library's roof.",
        kind=RewardKind.ADD_ON, handover=Handover.PICKUP,
    ),
)  # fmt: skip
_ZONES = (ZoneTerms("In the town", 0), ZoneTerms("Anywhere else in the country", 3_50))


def make_campaigns(projects: list[Project]) -> None:
    """Each plan as a campaign of the person who proposed its project."""
    by_title = {project.title: project for project in projects}
    for plan in PLANS:
        _make(plan, by_title[plan.title])


def _parts_of(goal_minor: int) -> list[Cost]:
    """What the goal pays for: most of it for making, the rest for what is easily forgotten."""
    making, care = goal_minor * 7 // 10, goal_minor * 2 // 10
    rest = goal_minor - making - care
    return [
        Cost("Material and making", making),
        Cost("The first year of care", care),
        Cost("Rewards and sending them", rest),
    ]


def _steps_of(plan: Plan, end: date) -> list[Step]:
    return [
        Step(title, shows, end + days * _DAYS, percent)
        for title, shows, days, percent in plan.steps
    ]


def _make(plan: Plan, project: Project) -> None:
    creator, reviewer, now = project.proposer, account("reviewer"), db_now()
    if plan.steps:
        write_plan(project, _steps_of(plan, (now + plan.lasts).date()), by=creator)
    starts_at = now + plan.starts_in if plan.starts_in else None
    goal_minor = plan.goal * one_major_unit(settings.CURRENCY)
    campaign = create_campaign(
        project,
        creator=creator,
        goal_minor=goal_minor,
        optimum_minor=goal_minor * 5 // 4,
        deadline_at=now + plan.lasts,
        starts_at=starts_at,
        run_by=plan.run_by,
        goal_lines=_parts_of(goal_minor),
        rewards=[
            replace(reward, delivered_from=(now + plan.lasts + _MADE_WITHIN).date())
            for reward in _REWARDS
        ],
        zones=_ZONES,
    )
    if plan.end == "draft":
        return
    campaign = submit_campaign(campaign, by=creator)
    if plan.end == "submitted":
        return
    if plan.end == "changes_requested":
        request_changes(campaign, by=reviewer, reason="Say who looks after the sound system.")
        return
    campaign = approve_campaign(campaign, by=reviewer)
    start_if_time(campaign)
    if plan.end == "cancelled":
        cancel_campaign(Campaign.objects.get(pk=campaign.pk), by=creator)


_AMOUNTS = (15, 25, 40, 40, 60, 120, 20, 30)


@dataclass(frozen=True)
class PlannedPledge:
    """What somebody will pledge, with which card."""

    backer: User
    amount_minor: int
    card: str


def planned_pledges(campaign: Campaign, backers: list[User]) -> list[PlannedPledge]:
    """Who pledges what to a campaign: the same whenever it is asked."""
    plan = next((p for p in PLANS if p.title == campaign.project.title), None)
    if plan is None or plan.backing == 0:
        return []
    random = Random(plan.title)
    target = int(campaign.goal_minor * plan.backing)
    planned: list[PlannedPledge] = []
    for backer in random.sample(backers, len(backers)):
        if sum(pledge.amount_minor for pledge in planned) >= target:
            break
        amount_minor = random.choice(_AMOUNTS) * one_major_unit(campaign.currency)
        failing = len(planned) < plan.failing_cards
        planned.append(PlannedPledge(backer, amount_minor, FAILING_CARD if failing else GOOD_CARD))
    return planned
