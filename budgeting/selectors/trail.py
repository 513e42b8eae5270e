"""The trail of a cycle: who did what when, asked for what, agreed to what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, Model, Q, QuerySet
from django.db.models.functions import Cast

from budgeting.enums import VERB_WORDS, ProposalState
from budgeting.models import Announcement, Cycle, Kiosk, PollingPlace, Pot, Proposal
from budgeting.selectors.said import named_thing, said_in_words
from civicfund.audit.models import Event
from civicfund.audit.selectors import COLUMNS, Rows, asked_and_answered, happened
from civicfund.people.models import User
from civicfund.projects.access import concerning
from civicfund.projects.models import Project


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
    said: dict[str, Any]

    @property
    def words(self) -> str:
        """What was done, as people say it."""
        return str(VERB_WORDS.get(self.what, self.what))

    @property
    def said_words(self) -> list[tuple[str, str]]:
        """What it left beside it, name by name, as people read it."""
        return list(said_in_words(self.what, self.said))


def _about(cycle: Cycle) -> Q:
    """The cycle itself, its proposals, pots, polling places, kiosks and announcements."""
    found = Q(target_type=cycle._meta.label_lower, target_id=str(cycle.pk))
    kinds: tuple[type[Model], ...] = (Proposal, Pot, PollingPlace, Kiosk, Announcement)
    for kind in kinds:
        found |= _among(kind._default_manager.filter(cycle=cycle))
    return found


def _among(rows: QuerySet[Any]) -> Q:
    ids = rows.order_by().annotate(key=Cast("pk", CharField())).values("key")
    return Q(target_type=rows.model._meta.label_lower, target_id__in=ids)


def _under_review(cycle: Cycle, *, author: User | None = None) -> Q:
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


def acts_in(cycle: Cycle, narrowed: Q, *, reader: User, reviews: bool) -> QuerySet[Any, Any]:
    """Events, requests, approvals and withdrawals of a cycle that fit, the newest first.

    Not what happened to lines of the roll: that somebody claimed theirs is no act of the staff.
    ``narrowed`` speaks of ``what``, ``who`` and ``at``; ``reviews`` says whether to tell of those
    whose verdict is not public yet. Of those on a project that the reader writes nobody is told.
    """
    parts = [
        each.filter(narrowed).order_by().values_list(*COLUMNS)
        for each in _parts(cycle, reader, reviews=reviews)
    ]
    return parts[0].union(*parts[1:], all=True).order_by("-at", "what", "of_id")


def kinds_in(cycle: Cycle, *, reader: User, reviews: bool) -> dict[str, int]:
    """Every kind of act that stands on the cycle's trail, and how many there are of it."""
    parts = [
        each.order_by().values_list("what").annotate(Count("key"))
        for each in _parts(cycle, reader, reviews=reviews)
    ]
    found: dict[str, int] = {}
    for kind, number in parts[0].union(*parts[1:], all=True):
        found[kind] = found.get(kind, 0) + number
    return dict(sorted(found.items()))


def _parts(cycle: Cycle, reader: User, *, reviews: bool) -> list[Rows]:
    about = _about(cycle)
    events = Event.objects.filter(about)
    events = events.exclude(_under_review(cycle, author=reader if reviews else None))
    return [happened(events), *asked_and_answered(about)]


def told(rows: Iterable[tuple[Any, ...]], names: Mapping[int, str]) -> list[Act]:
    """The rows in words, with the names of those who are of the staff or were."""
    return [
        Act(at, what, who, names.get(who, ""), named_thing(of_type, of_id), said)
        for at, what, who, of_type, of_id, said, *_place in rows
    ]
