"""Who may vote in a cycle, and how its roll came to be."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from budgeting.enums import PhaseKind, RollSource, VoterGroup
from budgeting.models import Cycle, Eligibility, PostedCode, RollBatch
from civicfund.audit.models import Event
from civicfund.places.models import Neighborhood

_LETTERS_MADE = "cycle.letters_made"


def eligibility_of(cycle: Cycle) -> Eligibility | None:
    """Who may vote, as it was said last; None where nothing was said."""
    return cycle.eligibilities.order_by("-version").first()


def version_of(said: Eligibility | None) -> int:
    """The version of who may vote; 0 where nothing was said."""
    return 0 if said is None else said.version


def is_of_homes(cycle: Cycle) -> bool | None:
    """Whether the roll knows people by the accounts of confirmed homes, or else by numbers.

    None where nobody came onto it yet, so that it can still become either.
    """
    grown = cycle.roll_batches.filter(added__gt=0).order_by("pk")
    source = grown.values_list("source", flat=True).first()
    return None if source is None else source == RollSource.RESIDENCIES


def valid_codes(cycle: Cycle) -> QuerySet[PostedCode]:
    """Posted codes that no newer one has ended, each with its line of the roll."""
    found = PostedCode.objects.filter(entry__cycle=cycle, revoked_at__isnull=True)
    return found.select_related("entry__cycle", "entry__place")


def letters_made(cycle: Cycle) -> QuerySet[Event]:
    """Each time letters with codes were made and downloaded, which is one act, the newest first."""
    made = Event.objects.filter(
        verb=_LETTERS_MADE, target_type=cycle._meta.label_lower, target_id=str(cycle.pk)
    )
    return made.select_related("actor").order_by("-id")


def letters_with_another_end(cycle: Cycle) -> bool:
    """Whether letters name another end of voting than there is: it has moved since."""
    voting = cycle.moves_of_phases.filter(kind=PhaseKind.BALLOTING)
    ats = [*voting.values_list("at", flat=True), *cycle.extensions.values_list("at", flat=True)]
    return bool(ats) and letters_made(cycle).filter(at__lt=max(ats)).exists()


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


def voting_places(said: Eligibility) -> list[Neighborhood]:
    """The neighborhoods in which people may vote."""
    within = list(said.places.all())
    if not within:
        return list(Neighborhood.objects.neighborhoods())
    found = [Neighborhood.objects.within(place) for place in within]
    return [place for part in found for place in part.neighborhoods()]


def places_of_roll(said: Eligibility | None) -> list[Neighborhood]:
    """Where somebody has to live who comes onto the roll."""
    return voting_places(said) if said else list(Neighborhood.objects.neighborhoods())
