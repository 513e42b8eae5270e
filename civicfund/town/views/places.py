"""The administrators' desk where it is written how many people live where."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import populations_set, tree
from civicfund.places.services import ChangedMeanwhileError, PopulationError, set_populations
from civicfund.town.forms import PopulationForm


@staff.only(Role.BUDGET_ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def population_desk(request: SignedInRequest) -> HttpResponse:
    """All places in one form, with who wrote which number when."""
    form = PopulationForm(tree(), request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            written = set_populations(form.counted(), by=request.user)
        except ChangedMeanwhileError as refusal:
            form.show_what_changed(refusal.now)
        except PopulationError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _told(written))
            return redirect("population_desk")
    told, parts = populations_set(), _sums_of_parts(form.places)
    context = {
        "form": form,
        "rows": [
            (place, field, parts.get(place.pk), told.get(place.pk)) for place, field in form.rows
        ],
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "town/population_desk.html", context, status=status)


def _told(written: int) -> str:
    if not written:
        return _("Nothing was changed.")
    words = ngettext("Saved for %(n)s place.", "Saved for %(n)s places.", written)
    return words % {"n": written}


def _sums_of_parts(places: Mapping[str, Neighborhood]) -> dict[int, int]:
    """What the parts of a place add up to, where all of them are known and it is another sum."""
    parts: dict[int, list[int | None]] = {}
    known = {place.pk: place.population for place in places.values()}
    for place in places.values():
        if place.parent_id:
            parts.setdefault(place.parent_id, []).append(place.population)
    sums = {pk: _sum(each) for pk, each in parts.items()}
    return {pk: people for pk, people in sums.items() if people is not None and people != known[pk]}


def _sum(parts: list[int | None]) -> int | None:
    known = [people for people in parts if people is not None]
    return sum(known) if len(known) == len(parts) else None
