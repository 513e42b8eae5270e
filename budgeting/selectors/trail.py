"""The trail of a cycle: who did what when, asked for what, agreed to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, Model, Q, QuerySet
from django.db.models.functions import Cast

from budgeting.enums import VERB_WORDS, ProposalState
from budgeting.models import Announcement, Cycle, Kiosk, PollingPlace, Pot, Proposal
from budgeting.selectors.said import said_in_words
from civicfund.audit.models import Event
from civicfund.audit.selectors import (
    COLUMNS,
    Rows,
    asked_and_answered,
    events_of,
    happened,
    named_thing,
)
from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.projects.access import concerning
from civicfund.projects.models import Project

ACTS_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the trail. ``who`` is a person's key; None where the system did it itself.

    ``name`` is theirs where they hold a role or held one; residents are told by their key alone.
    """

    at: datetime
    what: str
    who: int | None
    name: str
    of: str
    # The same for an address: of what else was done to it.
    about: str
    said: dict[str, Any]

    @property
    def words(self) -> str:
        """What was done, as people say it."""
        return str(VERB_WORDS.get(self.what, self.what))

    @property
    def said_words(self) -> list[tuple[str, str]]:
        """What it left beside it, name by name, as people read it."""
        return list(said_in_words(self.what, self.said))


def _about(cycle: int, named: str) -> Q:
    """The cycle itself, its proposals, pots, polling places, kiosks and announcements; ``named`` is
    its key as the trail has it.
    """
    found = Q(target_type=Cycle._meta.label_lower, target_id=named)
    kinds: tuple[type[Model], ...] = (Proposal, Pot, PollingPlace, Kiosk, Announcement)
    for kind in kinds:
        found |= _among(kind._default_manager.filter(cycle=cycle))
    return found


def _among(rows: QuerySet[Any]) -> Q:
    ids = rows.order_by().annotate(key=Cast("pk", CharField())).values("key")
    return Q(target_type=rows.model._meta.label_lower, target_id__in=ids)


def _under_review(cycle: int, author: int | None) -> Q:
    """Acts of reviewers that would hint at a verdict before it is public; those on one's own.

    That a second review was given tells that the first said no, or found it dear.
    """
    waiting = Q(state__in=[ProposalState.SUBMITTED, ProposalState.LEFT]) | Q(
        appeal__isnull=False, appeal__published_with__isnull=True
    )
    pending = Proposal.objects.filter(waiting, cycle=cycle)
    if author is not None:
        pending = pending.filter(project__in=Project.objects.filter(concerning(author)))
    return _among(pending) & Q(verb__startswith="review.")


def told_of_proposal(proposal: Proposal) -> QuerySet[Event]:
    """What happened to it, newest first; of its reviews only once what they say is public."""
    return events_of(proposal).exclude(_under_review(proposal.cycle_id, None))


def acts_in(cycle: Cycle, narrowed: Q, *, reader: User, reviews: bool) -> Rows:
    """Events, requests, approvals and withdrawals of a cycle that fit, the newest first.

    Not what happened to lines of the roll: that somebody claimed theirs is no act of the staff.
    ``narrowed`` speaks of ``what``, ``who``, ``at`` and what it is of; ``reviews`` says whether to
    tell of those whose verdict is not public yet. Of those on a project that the reader writes
    nobody is told.
    """
    return _acts(narrowed, *_keys(cycle, reader, reviews=reviews))


def acts_paged(
    cycle: Cycle, number: str | None, kinds: Mapping[str, int], *, reader: User, reviews: bool
) -> Page[Any]:
    """A page of all of them, where ``kinds_in`` has counted them; the last one after that."""
    pages = Paginator[Any]([], ACTS_PER_PAGE)
    pages.count = sum(kinds.values())
    page = pages.get_page(number)
    keys = _keys(cycle, reader, reviews=reviews)
    if page.number == 1:
        page.object_list = _newest(*keys)
    else:
        page.object_list = _acts(Q(), *keys)[page.start_index() - 1 : page.end_index()]
    return page


def kinds_in(cycle: Cycle, *, reader: User, reviews: bool) -> dict[str, int]:
    """Every kind of act that stands on the cycle's trail, and how many there are of it."""
    found: dict[str, int] = {}
    for kind, number in _kinds(*_keys(cycle, reader, reviews=reviews)):
        found[kind] = found.get(kind, 0) + number
    return dict(sorted(found.items()))


def _keys(cycle: Cycle, reader: User, *, reviews: bool) -> tuple[Any, ...]:
    return cycle.pk, str(cycle.pk), *((reader.pk,) if reviews else ())


def _acts(narrowed: Q, cycle: int, named: str, author: int | None = None) -> Rows:
    parts = _parts(cycle, named, author)
    rows = [each.filter(narrowed).order_by().values_list(*COLUMNS) for each in parts]
    found: Rows = rows[0].union(*rows[1:], all=True)
    return found.order_by("-at", "what", "of_id")


@Prepared
def _newest(cycle: int, named: str, author: int | None = None) -> Rows:
    return _acts(Q(), cycle, named, author)[:ACTS_PER_PAGE]


@Prepared
def _kinds(cycle: int, named: str, author: int | None = None) -> Rows:
    parts = _parts(cycle, named, author)
    rows = [each.order_by().values_list("what").annotate(Count("key")) for each in parts]
    found: Rows = rows[0].union(*rows[1:], all=True)
    return found


def _parts(cycle: int, named: str, author: int | None) -> list[Rows]:
    about = _about(cycle, named)
    events = Event.objects.filter(about).exclude(_under_review(cycle, author))
    return [happened(events), *asked_and_answered(about)]


def told(rows: Iterable[tuple[Any, ...]], names: Mapping[int, str]) -> Iterator[Act]:
    """The rows in words, with the names of those who are of the staff or were."""
    return (
        Act(
            at=at, what=what, who=who, name=names.get(who, ""), of=named_thing(of_type, of_id),
            about=f"{of_type}:{of_id}", said=said,
        )
        for at, what, who, of_type, of_id, said, *_place in rows
    )  # fmt: skip
