"""Cycles of the made-up town: just held, closing in minutes, and open for days."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import connection

from budgeting.enums import BallotKind, PhaseKind, ProposalState, VoterGroup
from budgeting.models import Cycle, Option, Pot, Proposal, RollEntry
from budgeting.services.appropriations import appropriate, request_appropriation
from budgeting.services.ballots import Choice, cast
from budgeting.services.cycles import add_phase, add_pot, create_cycle, open_cycle, request_opening
from budgeting.services.proposals import put_on_ballot, submit_proposal
from budgeting.services.reviewers import publish_verdicts, set_publication
from budgeting.services.reviews import Estimate, give_review
from budgeting.services.roll import set_eligibility
from budgeting.services.roll_homes import add_residents, request_residents
from civicfund.audit.services import db_now
from civicfund.money import one_major_unit
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category
from civicfund.projects.models import Project
from civicfund.town.demo.accounts import account
from civicfund.town.demo.geography import DISTRICTS, slug_of
from civicfund.town.demo.trustees import give_demo_key

HELD, RUNNING, OPEN, POINTS = "green-round", "town-budget", "district-baskets", "culture-points"
# How long after its making each closes: the visitor sees one counted at once, the other soon.
HELD_LASTS, RUNNING_LASTS = timedelta(seconds=75), timedelta(minutes=4)
OPEN_LASTS = timedelta(days=12)
# What costs as much is for the whole town's pot, in whole currency units.
DEAR = 30_000
POINTS_TO_GIVE = 10
GREEN = (Category.GREEN, Category.CLIMATE)
LIVELY = (Category.CULTURE, Category.PLAY)
HELD_VOTERS, RUNNING_VOTERS, OPEN_VOTERS, POINTS_VOTERS = 110, 60, 24, 16
VISITORS = 10
# Not feasible, so that a visitor can read why.
DANGEROUS = "Sledging slope with a straw wall"


def make_held_cycle(projects: list[Project], residents: list[User], random: Random) -> Cycle:
    """A small knapsack vote on green projects; most of the residents vote before it closes."""
    cycle = create_cycle(
        by=account("administrator"),
        slug=HELD,
        title="Green round",
        summary="A quick vote on green and climate projects: fill a basket worth €90,000.",
        ballot_kind=BallotKind.KNAPSACK,
        rule="greedy",
    )
    _add_phases(cycle, HELD_LASTS)
    city = Neighborhood.objects.get(kind="city")
    pot = _add_pot(cycle, city, "Green money for the whole town", 90_000)
    green = [project for project in projects if project.category in GREEN]
    _enter({pot: green})
    _open(cycle)
    _some_vote(cycle, residents, HELD_VOTERS, random)
    return cycle


def make_running_cycle(projects: list[Project], residents: list[User], random: Random) -> Cycle:
    """The town's budget: one pot for all, one for each district; approval ballots."""
    cycle = create_cycle(
        by=account("administrator"),
        slug=RUNNING,
        title="Town budget",
        summary="Everyone votes on the town's pot and on the pot of their own district.",
        ballot_kind=BallotKind.APPROVAL,
        rule="equal_shares_cost_add1_greedy",
    )
    _add_phases(cycle, RUNNING_LASTS)
    city = Neighborhood.objects.get(kind="city")
    others = [project for project in projects if project.category not in GREEN]
    dear = [project for project in others if _cost_minor(project) >= DEAR * _unit()]
    plan = {_add_pot(cycle, city, "The town's pot", 240_000, most=5): dear}
    for name in DISTRICTS:
        district = Neighborhood.objects.get(slug=slug_of(name))
        here = [p for p in others if p not in dear and p.neighborhood.parent_id == district.pk]
        plan[_add_pot(cycle, district, f"Pot of {name}", 45_000, most=3)] = here
    _enter(plan)
    _open(cycle)
    _some_vote(cycle, residents, RUNNING_VOTERS, random)
    return cycle


def make_open_cycle(projects: list[Project], residents: list[User], random: Random) -> Cycle:
    """A basket for each district, open long enough for a visitor to vote at leisure."""
    cycle = create_cycle(
        by=account("administrator"),
        slug=OPEN,
        title="District baskets",
        summary="Fill the basket of your own district: whatever fits into its money.",
        ballot_kind=BallotKind.KNAPSACK,
        rule="equal_shares_cost_add1_greedy",
    )
    _add_phases(cycle, OPEN_LASTS)
    plan = {}
    for name in DISTRICTS:
        district = Neighborhood.objects.get(slug=slug_of(name))
        here = [p for p in projects if p.neighborhood.parent_id == district.pk]
        plan[_add_pot(cycle, district, f"Basket of {name}", 100_000)] = here
    _enter(plan)
    _open(cycle)
    _some_vote(cycle, residents, OPEN_VOTERS, random)
    return cycle


def make_points_cycle(projects: list[Project], residents: list[User], random: Random) -> Cycle:
    """Ten points for each voter to share out, open as long as the baskets."""
    cycle = create_cycle(
        by=account("administrator"),
        slug=POINTS,
        title="Culture and play by points",
        summary="You have ten points: give them all to one project, or share them out.",
        ballot_kind=BallotKind.CUMULATIVE,
        rule="equal_shares_points_greedy",
    )
    _add_phases(cycle, OPEN_LASTS)
    city = Neighborhood.objects.get(kind="city")
    name = "Culture and play for the whole town"
    pot = _add_pot(cycle, city, name, 60_000, max_sum_points=POINTS_TO_GIVE)
    _enter({pot: [project for project in projects if project.category in LIVELY]})
    _open(cycle)
    _some_vote(cycle, residents, POINTS_VOTERS, random)
    return cycle


def _some_vote(cycle: Cycle, residents: list[User], count: int, random: Random) -> None:
    """So many at the most cast a ballot; the first residents stay free, for visitors to try."""
    waiting = residents[VISITORS:]
    for resident in random.sample(waiting, min(count, len(waiting))):
        vote(cycle, resident, random)


def vote(cycle: Cycle, voter: User, random: Random) -> None:
    """Cast what somebody would: near and popular projects first, within what a ballot may hold."""
    entry = RollEntry.objects.select_related("place__parent").get(cycle=cycle, claimed_by=voter)
    home = entry.place
    reach = {place.pk for place in (home, home.parent) if place} | {_city_pk(home)}
    pots = cycle.pots.filter(place__in=reach).prefetch_related("options__proposal__project")
    choices = {pot.pk: _choice(cycle, pot, home, random) for pot in pots}
    cast(cycle, voter, choices)


def _choice(cycle: Cycle, pot: Pot, home: Neighborhood, random: Random) -> Choice:
    """What is chosen, and where points are shared out some for each, the most for the first."""
    chosen = _chosen(cycle, pot, home, random)
    if cycle.ballot_kind != BallotKind.CUMULATIVE:
        return Choice(chosen)
    each, more = divmod(POINTS_TO_GIVE, len(chosen))
    return Choice(chosen, [each + more, *[each] * (len(chosen) - 1)])


def _city_pk(home: Neighborhood) -> int | None:
    return home.parent.parent_id if home.parent else None


def _chosen(cycle: Cycle, pot: Pot, home: Neighborhood, random: Random) -> list[str]:
    """Codes of what is chosen: at least one, within the pot's limit or its money."""

    def liking(option: Option) -> float:
        project = option.proposal.project if option.proposal else None
        near = 0.45 if project and project.neighborhood_id == home.pk else 0.0
        popular = Random(option.code).random() * 0.6  # the same for every voter
        return near + popular + random.random() * 0.7

    liked = sorted(pot.options.all(), key=liking, reverse=True)
    most = min(pot.max_options or len(liked), random.randint(2, 5))
    chosen: list[str] = []
    left = pot.amount_minor
    for option in liked:
        fits = cycle.ballot_kind != BallotKind.KNAPSACK or option.cost_minor <= left
        if len(chosen) < most and fits:
            chosen.append(option.code)
            left -= option.cost_minor
    return chosen


def _cost_minor(project: Project) -> int:
    return sum(line.amount_minor for line in project.cost_lines.all())


def _unit() -> int:
    return one_major_unit(settings.CURRENCY)


def _add_phases(cycle: Cycle, lasts: timedelta) -> None:
    now: datetime = db_now()
    days = timedelta(days=1)
    windows = {
        PhaseKind.INFORMING: (now - 60 * days, now - 46 * days),
        PhaseKind.PROPOSING: (now - 46 * days, now - 25 * days),
        PhaseKind.REVIEWING: (now - 25 * days, now - 10 * days),
        PhaseKind.BALLOTING: (now - 9 * days, now + lasts),
    }
    for kind, (starts_at, ends_at) in windows.items():
        add_phase(cycle, kind, starts_at=starts_at, ends_at=ends_at, by=account("administrator"))


def _add_pot(
    cycle: Cycle,
    place: Neighborhood,
    name: str,
    amount: int,
    *,
    most: int | None = None,
    **points: int,
) -> Pot:
    return add_pot(
        cycle,
        place,
        name=name,
        amount_minor=amount * _unit(),
        max_options=most,
        by=account("administrator"),
        **points,
    )


def _enter(plan: dict[Pot, list[Project]]) -> None:
    """Propose, review, publish the verdicts and put on the ballot what is planned for each pot."""
    administrator = account("administrator")
    for pot, entered in plan.items():
        for project in entered:
            _review(submit_proposal(project, pot, by=administrator))
    cycle, now = next(iter(plan)).cycle, db_now()
    until = now + timedelta(days=1)
    publish_verdicts(set_publication(cycle, at=now, appeals_until=until, by=administrator))
    for proposal in cycle.proposals.filter(state=ProposalState.FEASIBLE).order_by("pk"):
        put_on_ballot(proposal, by=administrator)


def _review(proposal: Proposal) -> None:
    if proposal.project.title == DANGEROUS:
        reason = "The road at the foot of the hill belongs to the county, which said no."
        for name in ("reviewer", "second-reviewer"):
            give_review(proposal, feasible=False, reason=reason, by=account(name))
        return
    likely = _cost_minor(proposal.project)
    cost = Estimate(likely - likely // 10, likely, likely + likely // 5)
    give_review(proposal, feasible=True, cost=cost, by=account("reviewer"))


def _open(cycle: Cycle) -> None:
    """The roll, the trustees' key, the money, and two people."""
    administrator, today = account("administrator"), db_now().date()
    set_eligibility(
        cycle, minimum_age=14, age_on=today, groups=[VoterGroup.RESIDENT], by=administrator
    )
    asked = request_residents(cycle, day=today, by=administrator)
    add_residents(cycle, asked.pk, by=account("second-administrator"))
    give_demo_key(cycle, by=administrator)
    _set_aside(cycle)
    request_opening(cycle, by=administrator)
    open_cycle(cycle, by=account("second-administrator"))


def _set_aside(cycle: Cycle) -> None:
    """The money of its pots, by two treasurers."""
    asked = request_appropriation(
        cycle,
        total_minor=sum(cycle.pots.values_list("amount_minor", flat=True)),
        words="Budget of the made-up town",
        by=account("treasurer"),
    )
    appropriate(cycle, asked.pk, by=account("second-treasurer"))
    with connection.cursor() as cursor:
        # The whole town is loaded in one transaction, at whose end the vote is no draft any more.
        cursor.execute("SET CONSTRAINTS set_aside_as_agreed IMMEDIATE")
        cursor.execute("SET CONSTRAINTS set_aside_as_agreed DEFERRED")
    cycle.refresh_from_db()
