"""A town to measure: more projects, voters and lines on a ballot than most towns have."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from django.conf import settings
from django.db import transaction

from budgeting.enums import BallotKind, PhaseKind
from budgeting.models import Cycle, Pot
from budgeting.services.cycles import add_phase, add_pot, create_cycle, open_cycle, request_opening
from budgeting.services.proposals import put_on_ballot, submit_proposal
from budgeting.services.reviewers import publish_verdicts, set_publication
from budgeting.services.reviews import give_review
from budgeting.services.roll_homes import add_residents, request_residents
from civicfund.audit.services import db_now
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category, ProjectState
from civicfund.projects.models import CostLine, Project
from civicfund.town.demo.accounts import RESIDENTS, account, make_residents, make_staff
from civicfund.town.demo.geography import draw
from civicfund.town.demo.trustees import give_demo_key


@transaction.atomic
def seed_town(count: int, *, voters: int = RESIDENTS) -> list[User]:
    """Places, staff, so many voters and so many projects; the voters."""
    random = Random(1)
    places = draw(settings.TOWN_NAME)
    make_staff()
    residents = make_residents(places, random, voters)
    projects = Project.objects.bulk_create(
        Project(
            state=ProjectState.READY,
            title=f"Measured project {number}",
            summary="A project whose only purpose is to be counted among many.",
            story="It has a story.\n\n" * 5,
            category=random.choice(Category.values),
            neighborhood=random.choice(list(places.values())),
            proposer=residents[number % len(residents)],
            latitude=47.62,
            longitude=-23.44,
        )
        for number in range(count)
    )
    CostLine.objects.bulk_create(
        CostLine(
            project=project, position=1, label="All", amount_minor=random.randint(5, 90) * 10**5
        )
        for project in projects
    )
    return residents


def seed_ballot(proposals: int) -> Cycle:
    """An open cycle with so many proposals in one pot, closing long after the measuring."""
    cycle = draft_ballot(proposals, slug="bench", most_choices=10, voting_ends_in=timedelta(days=1))
    administrator, second = account("administrator"), account("second-administrator")
    with transaction.atomic():
        asked = request_residents(cycle, day=db_now().date(), by=administrator)
        add_residents(cycle, asked.pk, by=second)
    return opened(cycle)


def opened(cycle: Cycle) -> Cycle:
    """The cycle, opened by two with the demo trustees' key."""
    administrator = account("administrator")
    give_demo_key(cycle, by=administrator)
    request_opening(cycle, by=administrator)
    return open_cycle(cycle, by=account("second-administrator"))


@transaction.atomic
def draft_ballot(
    proposals: int, *, slug: str, most_choices: int, voting_ends_in: timedelta
) -> Cycle:
    """A draft with one pot for all and so many proposals on its ballot, and nobody on its roll."""
    administrator, reviewer, now = account("administrator"), account("reviewer"), db_now()
    cycle = create_cycle(
        by=administrator,
        slug=slug,
        title="Measured cycle",
        ballot_kind=BallotKind.APPROVAL,
        rule="equal_shares_cost",
    )
    add_phase(
        cycle,
        PhaseKind.BALLOTING,
        starts_at=now - timedelta(days=1),
        ends_at=now + voting_ends_in,
        by=administrator,
    )
    pot = add_pot(
        cycle,
        Neighborhood.objects.get(kind="city"),
        name="All of it",
        amount_minor=10**9,
        max_options=most_choices,
        by=administrator,
    )
    _fill(pot, proposals, administrator, reviewer)
    return cycle


def _fill(pot: Pot, count: int, administrator: User, reviewer: User) -> None:
    for project in Project.objects.order_by("pk")[:count]:
        give_review(submit_proposal(project, pot, by=administrator), feasible=True, by=reviewer)
    now = db_now()
    until = now + timedelta(days=1)
    publish_verdicts(set_publication(pot.cycle, at=now, appeals_until=until, by=administrator))
    for proposal in pot.proposals.order_by("pk"):
        put_on_ballot(proposal, by=administrator)
