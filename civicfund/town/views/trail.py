"""What was done in the town, for those whose roles it is about."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from civicfund import staff
from civicfund.audit.forms import TrailForm
from civicfund.audit.views import trail_file
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import staff_names
from civicfund.town.enums import TRAIL_ROLES, Area, kinds_of
from civicfund.town.selectors.trail import Act, Place, all_lines_for, areas_of, lines_for, told

ACTS_PER_PAGE = 50


@staff.only(*TRAIL_ROLES, superusers=True)
@require_safe
@never_cache
def trail(request: SignedInRequest) -> HttpResponse:
    """Every act of the staff that the reader's roles are about, by kind, person and time."""
    areas, kinds, names, form = _readable(request)
    rows = lines_for(
        request.user, areas, form.narrowed, before=_asked_for(request), number=ACTS_PER_PAGE
    )
    shown = rows[:ACTS_PER_PAGE]
    context = {
        "form": form,
        "acts": told(shown, kinds, names),
        "older": str(Place.of(shown[-1])) if len(rows) > ACTS_PER_PAGE else "",
        "not_the_newest": "before" in request.GET,
    }
    status = 400 if request.GET and not form.is_valid() else 200
    return render(request, "town/trail.html", context, status=status)


@staff.only(*TRAIL_ROLES, superusers=True)
@require_safe
@never_cache
def trail_csv(request: SignedInRequest) -> HttpResponseBase:
    """All of them that fit as a file, with what the page says of each."""
    areas, kinds, names, form = _readable(request)
    if request.GET and not form.is_valid():
        raise Http404("No such acts.")
    rows = all_lines_for(request.user, areas, form.narrowed)
    acts = (act for some in rows for act in told(some, kinds, names))
    return trail_file("trail.csv", ((act, _who(act)) for act in acts))


def _readable(
    request: SignedInRequest,
) -> tuple[list[Area], Mapping[str, Promise | str], Mapping[int, str], TrailForm]:
    """What of the trail the reader's roles are about: areas, kinds of acts and names of the staff;
    and how they narrow it.
    """
    areas, names = areas_of(request.user), dict(staff_names())
    kinds = kinds_of(areas)
    return areas, kinds, names, TrailForm(kinds, names.items(), request.GET or None)


def _who(act: Act) -> str:
    if act.by_itself:
        return _("by itself")
    return act.name or _("somebody who is not of the staff")


def _asked_for(request: SignedInRequest) -> Place | None:
    said = request.GET.get("before", "")
    try:
        return Place.read(said) if said else None
    except ValueError:
        raise Http404("No such place.") from None
