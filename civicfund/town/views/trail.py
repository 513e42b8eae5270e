"""What was done in the town, for those whose roles it is about."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from civicfund import staff
from civicfund.audit.forms import TrailForm
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import staff_names
from civicfund.town.enums import TRAIL_ROLES, kinds_of
from civicfund.town.selectors.trail import Place, areas_of, lines_for, told

ACTS_PER_PAGE = 50


@staff.only(*TRAIL_ROLES, superusers=True)
@require_safe
@never_cache
def trail(request: SignedInRequest) -> HttpResponse:
    """Every act of the staff that the reader's roles are about, by kind, person and time."""
    areas, names = areas_of(request.user), dict(staff_names())
    kinds = kinds_of(areas)
    form = TrailForm(kinds, names.items(), request.GET or None)
    rows = lines_for(
        request.user, areas, form.narrowed, before=_asked_for(request), number=ACTS_PER_PAGE
    )
    shown = rows[:ACTS_PER_PAGE]
    context = {
        "form": form,
        "acts": told(shown, kinds, names),
        "older": _place_of(shown[-1]) if len(rows) > ACTS_PER_PAGE else "",
        "not_the_newest": "before" in request.GET,
    }
    status = 400 if request.GET and not form.is_valid() else 200
    return render(request, "town/trail.html", context, status=status)


def _asked_for(request: SignedInRequest) -> Place | None:
    said = request.GET.get("before", "")
    try:
        return Place.read(said) if said else None
    except ValueError:
        raise Http404("No such place.") from None


def _place_of(row: tuple[object, ...]) -> str:
    at, rank, key = row[0], row[-2], row[-1]
    return str(Place(at, rank, key))  # type: ignore[arg-type]  # the columns of every row
