"""How many supports proposals have, and how many they are short of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from budgeting.models import Pot, SupportCount
from civicfund.projects.selectors.supports import support_counts


@dataclass(frozen=True, slots=True)
class Supports:
    """People who support a proposal, and how many it is short of."""

    people: int
    short: int


def supports_by_proposal(pots: Iterable[Pot]) -> dict[int, Supports]:
    """For each proposal of pots that need supports: as kept, or as of now until they are."""
    found = {
        proposal.pk: (proposal, pot.supports_needed)
        for pot in pots
        if pot.supports_needed
        for proposal in pot.proposals.all()
    }
    if not found:
        return {}
    kept = dict(SupportCount.objects.filter(proposal__in=found).values_list("proposal", "people"))
    now = support_counts(each.project_id for pk, (each, _needed) in found.items() if pk not in kept)
    people = {pk: kept.get(pk, now.get(each.project_id, 0)) for pk, (each, _) in found.items()}
    return {
        pk: Supports(people[pk], max(0, needed - people[pk])) for pk, (_, needed) in found.items()
    }
