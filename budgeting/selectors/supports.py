"""How many supports proposals have, and how many they are short of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from budgeting.models import Proposal, SupportCount
from civicfund.projects.selectors.supports import support_counts


@dataclass(frozen=True, slots=True)
class Supports:
    """People who support a proposal, and how many it is short of."""

    people: int
    short: int


def supports_by_proposal(proposals: Iterable[Proposal]) -> dict[int, Supports]:
    """For those of pots that need supports, each with its pot: as kept, or as of now until then."""
    found = {
        proposal.pk: (proposal, proposal.pot.supports_needed)
        for proposal in proposals
        if proposal.pot.supports_needed
    }
    if not found:
        return {}
    kept = dict(SupportCount.objects.filter(proposal__in=found).values_list("proposal", "people"))
    now = support_counts(each.project_id for pk, (each, _needed) in found.items() if pk not in kept)
    people = {pk: kept.get(pk, now.get(each.project_id, 0)) for pk, (each, _) in found.items()}
    return {
        pk: Supports(people[pk], max(0, needed - people[pk])) for pk, (_, needed) in found.items()
    }
