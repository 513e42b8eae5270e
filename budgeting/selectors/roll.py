"""Who may vote, who is on the roll, and why somebody is not."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from budgeting.enums import CycleState, VoterGroup
from budgeting.models import Cycle, Eligibility, PostedCode, RollBatch, RollEntry
from civicfund.people.models import User
from civicfund.people.selectors import residency_of
from civicfund.places.models import Neighborhood


def eligibility_of(cycle: Cycle) -> Eligibility | None:
    """Who may vote, as it was said last; None where nothing was said."""
    return cycle.eligibilities.order_by("-version").first()


def valid_codes(cycle: Cycle) -> QuerySet[PostedCode]:
    """Posted codes that no newer one has ended, each with its line of the roll."""
    found = PostedCode.objects.filter(entry__cycle=cycle, revoked_at__isnull=True)
    return found.select_related("entry__cycle", "entry__place")


def roll_batches(cycle: Cycle) -> QuerySet[RollBatch]:
    """How the roll came to be, in order."""
    return cycle.roll_batches.order_by("pk")


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may vote, as a page says it."""

    minimum_age: int
    age_on: object
    groups: list[str]
    places: list[Neighborhood]


def rules_of_voting(said: Eligibility) -> Rules:
    """The eligibility in words."""
    groups = [str(VoterGroup(group).label) for group in said.groups]
    return Rules(said.minimum_age, said.age_on, groups, list(said.places.all()))


@dataclass(frozen=True, slots=True)
class MayVote:
    """Whether somebody may vote here; where not, why, and what they can do."""

    entry: RollEntry | None
    why: str
    home: Neighborhood | None = None


def may_vote(cycle: Cycle, user: User | AnonymousUser, entry: RollEntry | None) -> MayVote:
    """For whoever looks at the page: yes, or the first reason why not."""
    if entry is not None:
        return MayVote(entry, "")
    if not user.is_authenticated:
        return MayVote(None, _("We do not know who you are: sign in, or use a code from a letter."))
    home = residency_of(user)
    if home is None:
        return MayVote(None, _("You have not told us where you live."))
    place = home.neighborhood
    if home.proved_at is None:
        return MayVote(
            None, _("Your home in %(place)s is not confirmed.") % {"place": place}, place
        )
    if cycle.state == CycleState.DRAFT:
        return MayVote(None, _("The roll is still being made."), place)
    return MayVote(
        None,
        _("Your home in %(place)s is confirmed, but you are not on the roll of this cycle.")
        % {"place": place},
        place,
    )
