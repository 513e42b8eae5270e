"""Who may see and do what with a cycle: the one door to a cycle for every view."""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from budgeting.enums import CycleState
from budgeting.models import Cycle, CycleQuerySet, Phase, Pot, Review, RollEntry
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role, roles_of
from civicfund.places.models import Neighborhood
from civicfund.prepared import Prepared, hang_on
from civicfund.projects.access import concerning
from civicfund.projects.models import Project
from civicfund.talk.access import Subject
from civicfund.talk.enums import SubjectKind

# Whom the review desk is for.
REVIEW_ROLES = (Role.REVIEWER, Role.BUDGET_ADMINISTRATOR)


def holds(user: User | AnonymousUser, role: Role) -> bool:
    """Whether somebody was given the role; being a superuser is not enough."""
    return has_role(user, role)


def require(user: User, role: Role) -> None:
    """Raise ``PermissionDenied`` unless somebody was given the role."""
    if not holds(user, role):
        raise PermissionDenied(_("This takes the role: %(role)s.") % {"role": role.label})


def visible_cycles(user: User | AnonymousUser) -> CycleQuerySet:
    """Public cycles; those who prepare them also see drafts, and drafts that were dropped."""
    if _prepares(user):
        return Cycle.objects.prefetch_related("phases")
    return Cycle.objects.public().prefetch_related("phases")


def visible_cycle(user: User | AnonymousUser, slug: str) -> Cycle:
    """The cycle with its phases; ``Http404`` where it does not exist for this person."""
    found = _cycles.first(slug)
    if found is None or not (found.is_public or _prepares(user)):
        raise Http404("No such cycle.")
    hang_on([found], "phases", _phases(found.pk), by="cycle")
    return found


@Prepared
def _cycles(slug: str) -> CycleQuerySet:
    return Cycle.objects.filter(slug=slug)


@Prepared
def _phases(cycle: int) -> QuerySet[Phase]:
    return Phase.objects.filter(cycle=cycle)


def cycle_beside_books(slug: str) -> Cycle:
    """A cycle for those who keep its money, drafts among them; ``Http404`` where there is none.

    The page asks for the role.
    """
    found = Cycle.objects.prefetch_related("phases").filter(slug=slug).first()
    if found is None or found.is_dropped or found.is_imported:
        raise Http404("No such cycle.")
    return found


def voting_cycle(user: User | AnonymousUser, slug: str) -> Cycle:
    """``visible_cycle``; an open one, with all that moved its phases, is kept
    ``OPEN_CYCLE_KEPT_SECONDS``.

    For the ballot's pages, which everybody asks for in a closing hour. It decides nothing: a cast
    reads the cycle again.
    """
    kept = settings.OPEN_CYCLE_KEPT_SECONDS
    open_now = _open_cycle(slug, int(time.monotonic() / kept)) if kept else None
    return open_now or visible_cycle(user, slug)


@lru_cache(maxsize=16)
def _open_cycle(slug: str, _moment: int) -> Cycle | None:
    open_cycles = Cycle.objects.filter(slug=slug, state=CycleState.OPEN)
    return open_cycles.prefetch_related("phases", "extensions", "moves_of_phases").first()


def _prepares(user: User | AnonymousUser) -> bool:
    return user.is_authenticated and holds(user, Role.BUDGET_ADMINISTRATOR)


def reviews(user: User | AnonymousUser, pks: Collection[int]) -> dict[int, Subject]:
    """The door to reviews, as the review desk has it: never of a project of one's own."""
    if not user.is_authenticated or roles_of(user).isdisjoint(REVIEW_ROLES):
        return {}
    own = Project.objects.filter(concerning(user)).order_by().values("pk")
    rows = Review.objects.filter(pk__in=pks, proposal__cycle__in=visible_cycles(user))
    rows = rows.exclude(proposal__project__in=own)
    rows = rows.select_related("proposal__project", "proposal__cycle")
    return {
        row.pk: Subject(
            kind=SubjectKind.REVIEW,
            pk=row.pk,
            title=row.proposal.project.title,
            url=reverse("review", args=[row.proposal.cycle.slug, row.proposal_id]),
            is_public=False,
            project_id=row.proposal.project_id,
        )
        for row in rows.only("proposal__project__title", "proposal__cycle__slug")
    }


def roll_entry_of(cycle: Cycle, user: User | AnonymousUser) -> RollEntry | None:
    """The line of the roll that somebody votes as; None where they may not vote here."""
    if not user.is_authenticated:
        return None
    return _roll_entries.first(cycle.pk, user.pk)


@Prepared
def _roll_entries(cycle: int, claimed_by: int) -> QuerySet[RollEntry]:
    return RollEntry.objects.filter(cycle=cycle, claimed_by=claimed_by).order_by("pk")[:1]


def pots_of(entry: RollEntry) -> list[Pot]:
    """The pots that a voter decides on: of their own place, its district and the city."""
    return pots_at(entry.cycle_id, entry.place)


def pots_at(cycle_id: int, home: Neighborhood) -> list[Pot]:
    """The pots that whoever lives in a neighborhood decides on."""
    pots = Pot.objects.filter(cycle=cycle_id).select_related("place")
    return [pot for pot in pots if pot.reaches(home)]
