"""What staff may look at while a cycle runs: who takes part, and everything that was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from budgeting.access import holds, visible_cycle
from budgeting.enums import VERB_WORDS
from budgeting.selectors.participation import PlacePart, participation_of
from budgeting.selectors.trail import ACTS_PER_PAGE, Act, acts_in, acts_paged, kinds_in, told
from civicfund import staff
from civicfund.audit.forms import TrailForm
from civicfund.audit.views import trail_file
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import staff_names
from civicfund.spreadsheets import csv_response


@staff.only(Role.BUDGET_ADMINISTRATOR, Role.OBSERVER)
@require_safe
@never_cache
def participation(request: SignedInRequest, slug: str) -> HttpResponse:
    """People by neighborhood, channel and day, beside the roll and who lives there."""
    cycle = visible_cycle(request.user, slug)
    found = participation_of(cycle)
    context = {
        "cycle": cycle,
        "found": found,
        "writes_populations": holds(request.user, Role.BUDGET_ADMINISTRATOR),
        "places": [{"label": part.label, "value": part.voters} for part in found.by_place],
        "shares": [
            (_("Of those on the roll, in per cent"), _bars(found.by_place, "of_roll")),
            (_("Of those who live there, in per cent"), _bars(found.by_place, "of_population")),
        ],
        "channels": [{"label": label, "value": number} for label, number in found.by_channel],
        "days": [{"label": label, "value": number} for label, number in found.by_day],
    }
    return render(request, "budgeting/participation.html", context)


@staff.only(Role.BUDGET_ADMINISTRATOR, Role.OBSERVER)
@require_safe
@never_cache
def participation_csv(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """What the page tells as a file: a line for each group, by one thing at a time."""
    cycle = visible_cycle(request.user, slug)
    found = participation_of(cycle)
    lines: list[list[object]] = [
        ["neighborhood", part.label, part.voters, part.on_roll, part.population]
        for part in found.by_place
    ]
    for by, groups in (("channel", found.by_channel), ("day", found.by_day)):
        lines += [[by, label, number, None, None] for label, number in groups]
    lines.append(["in all", "", found.voters, found.on_roll, None])
    header = ["by", "group", "voters", "on the roll", "live there"]
    return csv_response(f"{cycle.slug}-participation.csv", header, lines)


def _bars(parts: Sequence[PlacePart], share: str) -> list[dict[str, Any]]:
    """Each place's share as a bar; one that nobody can know says so. None where none is known."""
    shares = [(part.label, getattr(part, share)) for part in parts]
    if all(found is None for _label, found in shares):
        return []
    return [
        {
            "label": label,
            "value": found or 0,
            "display": _("not known") if found is None else f"{floatformat(found, 1)} %",
        }
        for label, found in shares
    ]


@staff.only(Role.BUDGET_ADMINISTRATOR, Role.CERTIFIER, Role.OBSERVER)
@require_safe
@never_cache
def trail(request: SignedInRequest, slug: str) -> HttpResponse:
    """Every act on the cycle, the newest first, by kind, person and time."""
    cycle = visible_cycle(request.user, slug)
    reader = request.user
    reviews = holds(reader, Role.BUDGET_ADMINISTRATOR)
    kinds = kinds_in(cycle, reader=reader, reviews=reviews)
    names = dict(staff_names())
    form = _trail_form(request, kinds, names)
    number = request.GET.get("page")
    if form.narrowed:
        found = acts_in(cycle, form.narrowed, reader=reader, reviews=reviews)
        page = Paginator(found, ACTS_PER_PAGE).get_page(number)
    else:
        page = acts_paged(cycle, number, kinds, reader=reader, reviews=reviews)
    context = {
        "cycle": cycle,
        "form": form,
        "page": page,
        "acts": list(told(page.object_list, names)),
    }
    status = 400 if request.GET and not form.is_valid() else 200
    return render(request, "budgeting/trail.html", context, status=status)


@staff.only(Role.BUDGET_ADMINISTRATOR, Role.CERTIFIER, Role.OBSERVER)
@require_safe
@never_cache
def trail_csv(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """All acts that fit as a file, with what the page says of each."""
    cycle = visible_cycle(request.user, slug)
    reviews = holds(request.user, Role.BUDGET_ADMINISTRATOR)
    names = dict(staff_names())
    form = _trail_form(request, kinds_in(cycle, reader=request.user, reviews=reviews), names)
    if request.GET and not form.is_valid():
        raise Http404("No such acts.")
    rows = acts_in(cycle, form.narrowed, reader=request.user, reviews=reviews)
    acts = told(rows.iterator(chunk_size=1_000), names)
    return trail_file(f"{cycle.slug}-trail.csv", ((act, _who(act)) for act in acts))


def _trail_form(
    request: SignedInRequest, kinds: Iterable[str], names: Mapping[int, str]
) -> TrailForm:
    words = {kind: VERB_WORDS.get(kind, kind) for kind in kinds}
    return TrailForm(words, names.items(), request.GET or None)


def _who(act: Act) -> str:
    """As the page says it: residents by their key alone."""
    if act.who is None:
        return _("by itself")
    return f"{act.name or _('a resident')}, {act.who}"
