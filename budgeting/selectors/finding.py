"""Finding proposals of a cycle by what everybody reads of them, and in which order.

A verdict that is not public is not among it: the proposal's state says nothing of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchRank, TrigramWordSimilarity
from django.db.models import Case, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, NullIf

from budgeting.enums import (
    BY_SUPPORTS,
    SHORT_OF_SUPPORTS,
    Fate,
    ProposalOrder,
)
from budgeting.models import Cycle, Pot, Proposal
from budgeting.selectors.fates import GOES_ON, fate, is_too_late
from budgeting.selectors.supports import people_in_cycle
from civicfund.places.models import Neighborhood
from civicfund.prepared import Prepared
from civicfund.projects.enums import PUBLIC_STATES, ProjectState
from civicfund.projects.selectors.projects import Typed

_READABLE = Q(project__state__in=PUBLIC_STATES)
# On the ballot that it stands at, else what the project says; nothing where that is not said.
_COST = NullIf(Coalesce("option__cost_minor", "project__total_minor"), Value(0))
_BEST = "best"
_ORDERS: dict[str, tuple[Any, ...]] = {
    "": ("pot__position", "pk"),
    _BEST: ("-rank", "pk"),
    ProposalOrder.NEWEST: ("-submitted_at", "-pk"),
    ProposalOrder.CHEAPEST: (_COST.asc(nulls_last=True), "pk"),
    ProposalOrder.DEAREST: (_COST.desc(nulls_last=True), "pk"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a cycle's proposals, and in which order; empty for all of it."""

    words: str = ""
    pot: int | None = None
    category: str = ""
    place: Neighborhood | None = None
    state: str = ""
    order: str = ""

    def __bool__(self) -> bool:
        """Whether it is anything but all, as the cycle's page lists them."""
        return self != Wanted()


def found_proposals(cycle: Cycle, wanted: Wanted, pots: Mapping[int, Pot]) -> list[int]:
    """The keys of the proposals that fit, in the order that is wanted: without one, of words the
    best match first, else pot by pot.
    """
    by_supports = wanted.order in BY_SUPPORTS
    order = "" if by_supports else wanted.order
    if wanted.words and not wanted.order:
        order = _BEST
    # While they are given a number says it, from voting on what became of it.
    short = wanted.state == SHORT_OF_SUPPORTS and not is_too_late(cycle)
    rows = _QUESTIONS[order](cycle.pk, **_given(wanted, short=short))
    if by_supports or short:
        needed = {pk: pot.supports_needed for pk, pot in pots.items()}
        rows = _by_supports(rows, wanted, needed, people_in_cycle(cycle), short=short)
    return [pk for pk, _pot in rows]


def _given(wanted: Wanted, *, short: bool) -> dict[str, int | str]:
    """What the database is asked for, always in one order; where it stands by what lines say."""
    given: dict[str, int | str | None] = {
        "words": wanted.words,
        "pot": wanted.pot,
        "category": wanted.category,
        "place": wanted.place.pk if wanted.place else None,
        _stands(wanted.state): "" if short else wanted.state,
    }
    return {name: value for name, value in given.items() if value}


def _stands(state: str) -> str:
    """By what a proposal that stands there is known, of what ``_narrowed`` takes."""
    if state in Fate.values:
        return "became"
    return "goes_on" if state in GOES_ON else "state"


def _narrowed(
    cycle: int,
    *,
    words: str = "",
    pot: int | None = None,
    category: str = "",
    place: int | None = None,
    state: str = "",
    goes_on: str = "",
    became: str = "",
) -> QuerySet[Proposal]:
    fits = Q(cycle=cycle)
    if words:
        fits &= _with_words(words)
    if pot:
        fits &= Q(pot=pot)
    if category:
        fits &= Q(project__category=category)
    if place:
        fits &= Q(project__neighborhood__in=Neighborhood.objects.within(place).values("pk"))
    if state:
        fits &= Q(state=state)
    if goes_on:
        fits &= Q(state=goes_on, fate="")
    if became:
        fits &= Q(state__in=GOES_ON, fate=became)
    rows = Proposal.objects.standing()
    if goes_on or became:
        rows = rows.alias(fate=fate())
    rows = rows.filter(fits)
    return rows.annotate(rank=_rank(words)) if words else rows


def _with_words(words: str) -> Q:
    """As the list of projects finds them; what was withdrawn by its title alone, which the cycle's
    page names, and what moderators hid by nothing.
    """
    titled = Q(project__title__trigram_word_similar=words)
    # Either by an index, which compares each title that it finds: said like this, nothing compares
    # them once more, but for those that are not readable.
    found = Q(project__search=Typed(words)) | titled
    return found & ~Q(project__state=ProjectState.HIDDEN) & (_READABLE | titled)


def _rank(words: str) -> Any:
    of_text = SearchRank(F("project__search"), Typed(words))
    readable = Case(When(_READABLE, then=of_text), default=0.0, output_field=FloatField())
    return readable + TrigramWordSimilarity(words, "project__title")


def _question(order: tuple[Any, ...]) -> Prepared[Any, tuple[int, int]]:
    def found(cycle: int, **given: Any) -> QuerySet[Proposal, tuple[int, int]]:
        return _narrowed(cycle, **given).order_by(*order).values_list("pk", "pot")

    return Prepared(found)


_QUESTIONS = {name: _question(order) for name, order in _ORDERS.items()}


def _by_supports(
    rows: Sequence[tuple[int, int]],
    wanted: Wanted,
    needed: Mapping[int, int],
    people: Mapping[int, int],
    *,
    short: bool,
) -> list[tuple[int, int]]:
    """Narrowed and ordered by numbers that the cycle's page shows; what needs none comes last."""

    def missing(pk: int, pot: int) -> int:
        return max(0, needed[pot] - people.get(pk, 0))

    if short:
        rows = [(pk, pot) for pk, pot in rows if missing(pk, pot)]
    if wanted.order == ProposalOrder.SUPPORTED:
        return sorted(rows, key=lambda row: (not needed[row[1]], -people.get(row[0], 0)))
    if wanted.order == ProposalOrder.CLOSEST:
        return sorted(rows, key=lambda row: (not needed[row[1]], not missing(*row), missing(*row)))
    return list(rows)
