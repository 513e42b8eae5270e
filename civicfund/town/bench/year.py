"""A year of proposals in a large town: one cycle that everybody looks at while it is reviewed."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle as in_turn

from django.db import transaction

from budgeting.enums import BallotKind, PhaseKind
from budgeting.models import Cycle, Pot, Proposal, Review
from budgeting.services.cycles import add_phase, add_pot, create_cycle
from budgeting.services.supports import need_supports
from civicfund.audit.services import db_now
from civicfund.people.models import User
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.town.bench.seed import opened
from civicfund.town.demo.accounts import account

SLUG = "large"
# From the start of the phase to its end, in days from now.
PHASES = {
    PhaseKind.SUPPORTING: (-30, 10),
    PhaseKind.REVIEWING: (-20, 15),
    PhaseKind.BALLOTING: (20, 30),
}
SUPPORTS_NEEDED = 20


@transaction.atomic
def seed_year(proposals: int) -> Cycle:
    """An open cycle with a pot for the town and one for each neighborhood, and so many proposals
    under review, half of them for the whole town; nobody is on its roll.
    """
    administrator, reviewer = account("administrator"), account("reviewer")
    cycle = create_cycle(
        by=administrator,
        slug=SLUG,
        title="A year of proposals",
        ballot_kind=BallotKind.APPROVAL,
        rule="equal_shares_cost",
    )
    now = db_now()
    for kind, (first, last) in PHASES.items():
        starts_at, ends_at = now + timedelta(days=first), now + timedelta(days=last)
        add_phase(cycle, kind, starts_at=starts_at, ends_at=ends_at, by=administrator)
    pots = _pots(cycle, administrator)
    need_supports(cycle, SUPPORTS_NEEDED, by=administrator)
    held = opened(cycle)
    made = Proposal.objects.bulk_create(_proposals(held, pots, proposals, administrator))
    Review.objects.bulk_create(
        Review(proposal=each, reviewer=whose, due_at=now + timedelta(hours=n % 400 - 100))
        for n, (each, whose) in enumerate(zip(made, in_turn([reviewer, None]), strict=False))
    )
    return held


def _pots(cycle: Cycle, by: User) -> dict[int | None, Pot]:
    """By place; that of the whole town by None."""
    whole = Neighborhood.objects.get(kind=PlaceKind.CITY)
    pots: dict[int | None, Pot] = {
        None: add_pot(cycle, whole, name="The whole town", amount_minor=10**9, by=by)
    }
    for place in Neighborhood.objects.filter(kind=PlaceKind.NEIGHBORHOOD).order_by("pk"):
        pots[place.pk] = add_pot(cycle, place, name=place.name, amount_minor=10**8, by=by)
    return pots


def _proposals(cycle: Cycle, pots: dict[int | None, Pot], count: int, by: User) -> list[Proposal]:
    ready = Project.objects.filter(state=ProjectState.READY).order_by("pk")
    found = ready.values_list("pk", "neighborhood")[:count]
    return [
        Proposal(
            cycle=cycle,
            pot=pots.get(place if n % 2 else None, pots[None]),
            project_id=project,
            submitted_by=by,
        )
        for n, (project, place) in enumerate(found)
    ]
