"""What was keyed of a place, beside its box and who came: differences are explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext as _

from budgeting.models import CheckIn, Cycle, PlaceTotals, PollingPlace, SheetBatch
from budgeting.services.errors import RefusedError
from civicfund.people.models import User


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which sheets in the box, keyed sheets and people checked in are not as many."""

    place: PollingPlace
    totals: PlaceTotals
    keyed: int
    people: int

    @property
    def key(self) -> str:
        """What a reason for it names: one for other numbers than these is none."""
        return f"{self.place.pk}-{self.totals.cast}-{self.keyed}"

    @property
    def words(self) -> str:
        """The numbers, for whoever has to say why."""
        return _(
            "%(place)s: %(cast)s sheets in the box, %(keyed)s keyed, %(people)s people checked in"
        ) % {
            "place": self.place.name,
            "cast": self.totals.cast,
            "keyed": self.keyed,
            "people": self.people,
        }


class UnexplainedError(RefusedError):
    """Keying is not ended while nobody has said why these differ."""

    def __init__(self, message: str, differences: list[Difference]) -> None:
        super().__init__(message)
        self.differences = differences


def explained(
    cycle: Cycle, keyed: Mapping[int, int], reasons: Mapping[str, str], *, by: User
) -> dict[str, dict[str, int | str]]:
    """For each place that differs, its numbers and the reason that was given for just these.

    ``keyed`` counts sheets by the place's id; ``reasons`` are by ``Difference.key``. Whoever
    accounted for a place is not who says why it differs: nobody alone leaves sheets out, brings
    some in, or checks people in who never came. Raises ``RefusedError``, as ``UnexplainedError``
    where reasons are missing.
    """
    found = _differences(cycle, keyed)
    _check_somebody_else(found, by)
    silent = [each for each in found if not reasons.get(each.key, "").strip()]
    if silent:
        words = "; ".join(each.words for each in silent)
        raise UnexplainedError(
            _("Key what is left, or say why these differ, for everybody to read. %(places)s.")
            % {"places": words},
            found,
        )
    return {
        str(each.place.pk): {
            "cast": each.totals.cast,
            "keyed": each.keyed,
            "people": each.people,
            "reason": reasons[each.key].strip(),
        }
        for each in found
    }


def _differences(cycle: Cycle, keyed: Mapping[int, int]) -> list[Difference]:
    found = []
    sheets = SheetBatch.objects.filter(place=OuterRef("pk"))
    came = CheckIn.objects.filter(place=OuterRef("pk"))
    places = PollingPlace.objects.filter(Exists(sheets) | Exists(came), cycle=cycle)
    people = dict(cycle.polling_places.annotate(n=Count("check_ins")).values_list("pk", "n"))
    for place in places:
        totals = place.totals.order_by("-version").first()
        if totals is None:
            raise RefusedError(
                _("%(place)s has not been accounted for yet.") % {"place": place.name}
            )
        each = Difference(place, totals, keyed.get(place.pk, 0), people[place.pk])
        if not each.keyed == totals.cast == each.people:
            _check_counted_with_a_reason(each)
            found.append(each)
    return found


def _check_counted_with_a_reason(each: Difference) -> None:
    """What was counted before a reason was asked for is counted again."""
    if each.totals.cast != each.people and not each.totals.reason:
        raise RefusedError(
            _("%(numbers)s. Account for this place anew, and say why.") % {"numbers": each.words}
        )


def _check_somebody_else(found: list[Difference], by: User) -> None:
    for each in found:
        if each.totals.made_by_id == by.pk:
            raise RefusedError(
                _(
                    "%(place)s differs, and you accounted for it: another administrator has to end"
                    " the keying, or another officer to count its box. %(numbers)s."
                )
                % {"place": each.place.name, "numbers": each.words}
            )
