"""How many supports proposals have, and how many they are short of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
    found = [proposal for proposal in proposals if proposal.pot.supports_needed]
    if not found:
        return {}
    people = people_supporting(found)
    return {
        each.pk: Supports(people[each.pk], max(0, each.pot.supports_needed - people[each.pk]))
        for each in found
    }


def people_supporting(proposals: Collection[Proposal]) -> dict[int, int]:
    """How many people support each, by its key: as kept, or as of now until then."""
    keys = [each.pk for each in proposals]
    kept = dict(SupportCount.objects.filter(proposal__in=keys).values_list("proposal", "people"))
    now = support_counts(each.project_id for each in proposals if each.pk not in kept)
    return {each.pk: kept.get(each.pk, now.get(each.project_id, 0)) for each in proposals}
