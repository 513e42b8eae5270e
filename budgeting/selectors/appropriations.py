"""What the books say is set aside for a vote, beside what its pots take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Sum

from budgeting.enums import CycleState
from budgeting.models import Cycle, Option
from civicfund.audit.models import ActRequest
from civicfund.ledger import domain as books
from civicfund.ledger.selectors import (
    Invariant,
    balances_of,
    family_balances,
    posted_to,
)

APPROPRIATE = "cycle.appropriate"
SET, USED = "appropriated", "appropriation_used"
_FAMILY = books.appropriated("")


@dataclass(frozen=True, slots=True)
class SetAside:
    """``aside_minor`` is what is left of what was set aside; None where the books say nothing."""

    aside_minor: int | None
    pots_minor: int

    @property
    def is_enough(self) -> bool:
        """Whether the pots take no more than there is, as far as the books say."""
        return self.aside_minor is None or self.pots_minor <= self.aside_minor


def set_aside_for(cycle: Cycle) -> SetAside:
    """What is set aside for a vote, and what its pots take."""
    code = books.appropriated(cycle.pk)
    pots_minor = cycle.pots.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return SetAside(balances_of([code]).get(code), pots_minor)


def drafts_beside_books() -> list[tuple[Cycle, SetAside]]:
    """Every vote that is being prepared, for the treasurers."""
    drafts = list(Cycle.objects.filter(state=CycleState.DRAFT).order_by("pk"))
    sums = Cycle.objects.filter(pk__in=[each.pk for each in drafts]).annotate(
        taken=Sum("pots__amount_minor")
    )
    taken = dict(sums.values_list("pk", "taken"))
    aside = balances_of([books.appropriated(each.pk) for each in drafts])
    return [
        (each, SetAside(aside.get(books.appropriated(each.pk)), taken[each.pk] or 0))
        for each in drafts
    ]


def invariants() -> list[Invariant]:
    """What must hold of money that is set aside for votes, whatever has crashed."""
    return [
        Invariant("what is set aside for votes is what two treasurers agreed to", _not_agreed()),
        Invariant("no opened vote's pots take more than was set aside for it", _pots_above()),
        Invariant("what is used of it is what the vote awarded", _not_awarded()),
        Invariant("nothing else moves what is set aside for votes", _moved_otherwise()),
    ]


def _agreed() -> dict[str, tuple[int, int]]:
    """By request: the vote, and the amount that was agreed to."""
    rows = ActRequest.objects.filter(act=APPROPRIATE, approval__isnull=False)
    return {
        str(each.pk): (int(each.target_id), int(each.parameters["amount_minor"])) for each in rows
    }


def _not_agreed() -> list[str]:
    """Requests that are not in the books as they were agreed to, and votes that hold otherwise."""
    agreed = {pk: amount for pk, (_cycle, amount) in _agreed().items()}
    booked = {source: minor for (_k, source), minor in posted_to(_FAMILY, [SET]).items()}
    return sorted(pk for pk in agreed.keys() | booked.keys() if agreed.get(pk) != booked.get(pk))


def _pots_above() -> list[str]:
    aside: Counter[int] = Counter()
    for cycle, amount_minor in _agreed().values():
        aside[cycle] += amount_minor
    opened = Cycle.objects.filter(pk__in=aside.keys()).exclude(
        state__in=[CycleState.DRAFT, CycleState.CANCELLED]
    )
    taken = opened.annotate(taken=Sum("pots__amount_minor")).values_list("pk", "taken")
    return [str(pk) for pk, minor in taken.order_by("pk") if (minor or 0) > aside[pk]]


def _not_awarded() -> list[str]:
    """Options whose award did not lower what was set aside by just as much."""
    cycles = {cycle for cycle, _amount in _agreed().values()}
    won = Option.objects.filter(
        cycle__in=cycles, cycle__state=CycleState.PUBLISHED, proposal__state="selected"
    )
    wanted = {str(pk): -cost for pk, cost in won.values_list("pk", "cost_minor")}
    booked = {source: minor for (_k, source), minor in posted_to(_FAMILY, [USED]).items()}
    return sorted(pk for pk in wanted.keys() | booked.keys() if wanted.get(pk) != booked.get(pk))


def _moved_otherwise() -> list[str]:
    """Accounts that come to something else than what was agreed to less what was awarded."""
    wanted: Counter[str] = Counter()
    for cycle, amount_minor in _agreed().values():
        wanted[books.appropriated(cycle)] += amount_minor
    used = {source: minor for (_k, source), minor in posted_to(_FAMILY, [USED]).items()}
    cycles = dict(Option.objects.filter(pk__in=map(int, used)).values_list("pk", "cycle"))
    for option, amount_minor in used.items():
        wanted[books.appropriated(cycles[int(option)])] += amount_minor
    found = family_balances(_FAMILY)
    codes = wanted.keys() | found.keys()
    return sorted(code for code in codes if wanted[code] != found.get(code, 0))
