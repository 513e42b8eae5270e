"""The proposals of a cycle, as its desk and its file show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import BigIntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from budgeting.enums import ProposalState
from budgeting.models import Cycle, Option, Pot, Proposal, Review
from budgeting.selectors.options import options_on_ballot
from civicfund.money import to_decimal


@dataclass(frozen=True, slots=True)
class PotOfDesk:
    """A pot at the ballot desk: what could come on its ballot, at which cost, and what is on it."""

    pot: Pot
    feasible: list[tuple[Proposal, int]]
    options: list[Option]


def ballot_desk(cycle: Cycle) -> list[PotOfDesk]:
    """Each pot's feasible proposals, with the cost that they would stand there at, and options."""
    said = Review.objects.given().filter(proposal=OuterRef("pk"))
    likely = said.order_by("-given_at", "-pk").values("cost_likely_minor")[:1]
    cost = Coalesce(Subquery(likely), "project__total_minor", output_field=BigIntegerField())
    rows = Proposal.objects.standing().filter(cycle=cycle, state=ProposalState.FEASIBLE)
    rows = rows.annotate(cost_minor=cost).select_related("project__neighborhood").order_by("pk")
    proposals: dict[int, list[tuple[Proposal, int]]] = {}
    for each in rows:
        proposals.setdefault(each.pot_id, []).append((each, vars(each)["cost_minor"]))
    found = options_on_ballot(cycle)
    return [PotOfDesk(pot, proposals.get(pot.pk, []), found.of(pot)) for pot in found.pots]


def proposal_rows(cycle: Cycle) -> Iterator[tuple[object, ...]]:
    """What is public of every proposal that stands in a cycle, as cells; costs in major units."""
    rows = Proposal.objects.standing().filter(cycle=cycle)
    rows = rows.select_related("project__neighborhood", "pot", "option").order_by("pk")
    for each in rows.defer("project__story", "project__neighborhood__boundary").iterator():
        option = getattr(each, "option", None)
        project = each.project
        cost_minor = option.cost_minor if option else project.total_minor
        # Of an option nothing may be what it costs; of a project it says that nobody has said.
        cost = to_decimal(cost_minor, cycle.currency) if option or cost_minor else ""
        yield (
            each.pk, project.title, project.summary, project.category, project.neighborhood.slug,
            each.pot.name, each.state, each.reason, cost, each.submitted_at.isoformat(),
        )  # fmt: skip
