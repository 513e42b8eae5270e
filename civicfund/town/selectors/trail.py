"""The trail of the town: what staff did, by the kinds of things that a reader's roles are about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from budgeting.selectors.said import said_in_words
from civicfund.audit.models import Event
from civicfund.audit.selectors import COLUMNS, Rows, asked_and_answered, happened, named_thing
from civicfund.complaints.models import Complaint
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import roles_of
from civicfund.projects.enums import Wrong
from civicfund.templatetags.money import money
from civicfund.town.enums import AREAS, Area

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**63 - 1
# Lines of a file that are read with one question.
_AT_A_TIME = 1_000
_PLACE = re.compile(r"([0-9]{1,18})-([0-9])-([0-9]{1,19})")


def _wrong(reason: str) -> str:
    return str(Wrong(reason).label) if reason in Wrong.values else "\u2013"


def _role(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


# What an act outside of a cycle left beside it, or asks for: nothing else of it is shown.
FACTS: dict[str, tuple[Promise, Callable[[Any], str]]] = {
    "amount": (_("amount"), money),
    "amount_minor": (_("amount"), money),
    "before": (_("before"), str),
    "campaign": (_("campaign, number"), str),
    "corrected_minor": (_("corrected by"), money),
    "flags": (_("reports"), str),
    "goal_minor": (_("goal"), money),
    "look": (_("look"), str),
    "payout": (_("payout"), str),
    "people": (_("people"), str),
    "pledge": (_("pledge"), str),
    "project": (_("project, number"), str),
    "reason": (_("reason"), _wrong),
    "role": (_("role"), _role),
    "source": (_("source"), str),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line's place in the trail: its instant, and its place among all of that instant."""

    at: datetime
    rank: int
    key: int

    @classmethod
    def read(cls, said: str) -> Self:
        """As an address says it. Raises ``ValueError``."""
        found = _PLACE.fullmatch(said)
        if found is None:
            raise ValueError(said)
        instant, rank, key = map(int, found.groups())
        if key > _LARGEST:
            raise ValueError(said)
        try:
            at = _EPOCH + timedelta(microseconds=instant)
        except OverflowError:
            raise ValueError(said) from None
        return cls(at, rank, key)

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Self:
        """The place of a line of ``lines_for``."""
        return cls(at=row[0], rank=row[-2], key=row[-1])

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.rank}-{self.key}"

    def before(self, rank: int) -> Q:
        """What comes after it in the list, which is older, of rows of one rank."""
        if rank > self.rank:
            return Q(at__lt=self.at)
        same = Q(at=self.at, pk__lt=self.key) if rank == self.rank else Q(at=self.at)
        return Q(at__lt=self.at) | same


@dataclass(frozen=True, slots=True)
class Act:
    """One line. ``name`` is of somebody who is of the staff or was; nobody else is named."""

    at: datetime
    what: str
    words: str
    by_itself: bool
    name: str
    of: str
    # The same for an address: of what else was done to it.
    about: str
    said: dict[str, Any]
    is_cycles: bool

    @property
    def said_words(self) -> list[tuple[str, str]]:
        """What it left beside it, as people read it."""
        if self.is_cycles:
            return list(said_in_words(self.what, self.said))
        return list(_facts(self.said))


def _facts(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, (words, shown) in FACTS.items():
        if said.get(key) is not None:
            yield str(words), shown(said[key])


def areas_of(reader: User) -> list[Area]:
    """What of the trail somebody's roles are about; superusers read all that is not closed."""
    roles = roles_of(reader)
    return [
        area
        for area in AREAS
        if not area.roles.isdisjoint(roles) or (reader.is_superuser and not area.closed)
    ]


def lines_for(
    reader: User, areas: list[Area], narrowed: Q, *, before: Place | None, number: int
) -> list[tuple[Any, ...]]:
    """So many rows that fit, the newest first, of which the last is older than the page.

    Each kind of thing by its index, no more than a page of it: one query.
    """
    parts = [
        _page(rows, rank, narrowed, before, number + 1) for rank, rows in _parts(reader, areas)
    ]
    if not parts:
        return []
    found = parts[0].union(*parts[1:], all=True).order_by("-at", "-rank", "-key")
    return list(found[: number + 1])


def all_lines_for(reader: User, areas: list[Area], narrowed: Q) -> Iterator[list[tuple[Any, ...]]]:
    """All lines that fit, the newest first, some at a time."""
    before: Place | None = None
    while rows := lines_for(reader, areas, narrowed, before=before, number=_AT_A_TIME)[:_AT_A_TIME]:
        yield rows
        before = Place.of(rows[-1])


def _page(rows: Rows, rank: int, narrowed: Q, before: Place | None, number: int) -> Rows:
    older = before.before(rank) if before else Q()
    some = rows.filter(narrowed, older).order_by("-at", "-pk")
    return some.values_list(*COLUMNS)[:number]


def _parts(reader: User, areas: list[Area]) -> Iterator[tuple[int, Rows]]:
    verbs: dict[str, set[str]] = {}
    about = Q(pk__in=[])
    for area in areas:
        for of_type, words in area.happened.items():
            verbs.setdefault(of_type, set()).update(words)
        for of_type, acts in area.asked.items():
            about |= Q(target_type=of_type, act__in=list(acts))
    for of_type, those in sorted(verbs.items()):
        events = Event.objects.filter(target_type=of_type, verb__in=sorted(those))
        if of_type == Complaint._meta.label_lower:
            events = events.filter(target_id__in=_readable(reader))
        yield 0, happened(events)
    yield from enumerate(asked_and_answered(about), start=1)


def _readable(officer: User) -> QuerySet[Complaint, Any]:
    rows = Complaint.objects.open_to(officer).order_by()
    return rows.annotate(as_said=Cast("pk", CharField())).values("as_said")


def told(
    rows: list[tuple[Any, ...]], kinds: Mapping[str, Promise | str], names: Mapping[int, str]
) -> list[Act]:
    """The rows in words, with the names of the staff."""
    return [
        Act(
            at=at, what=what, words=str(kinds.get(what, what)), by_itself=who is None,
            name=names.get(who, ""), of=named_thing(of_type, of_id), about=f"{of_type}:{of_id}",
            said=said,
            is_cycles=of_type.startswith("budgeting."),
        )
        for at, what, who, of_type, of_id, said, *_place in rows
    ]  # fmt: skip
