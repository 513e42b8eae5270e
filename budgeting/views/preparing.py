"""Pages on which a cycle is made and its draft put in order: new cycles, phases, pots."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import visible_cycle, visible_cycles
from budgeting.enums import SupportsFrom
from budgeting.forms import (
    BasisForm,
    ChangePotForm,
    CycleForm,
    OnePotForm,
    PhaseRow,
    PotForm,
    RulesForm,
    ShareOutForm,
    SupportsForm,
    SupportsFromForm,
)
from budgeting.models import Cycle, Pot
from budgeting.selectors import holidays_of, phase_steps, timeline_warnings
from budgeting.services.cycles import add_pot
from budgeting.services.errors import RefusedError
from budgeting.services.preparing import (
    TEMPLATES,
    change_pot,
    change_rules,
    copy_cycle,
    cycle_from_template,
    prepare_cycle,
    remove_pot,
    rules_as_filled_in,
    set_phases,
    share_out,
)
from budgeting.services.rules import limits_of, pots_to_correct
from budgeting.services.supports import count_supports_from, need_supports
from budgeting.views.desks import Acts, Desk, back
from civicfund import staff
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.places.enums import PlaceKind

administrators_only = staff.only(Role.BUDGET_ADMINISTRATOR)
EMPTY_ROWS = 2
PhaseRows = forms.formset_factory(PhaseRow, extra=EMPTY_ROWS, max_num=20)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def cycles_desk(request: SignedInRequest) -> HttpResponseBase:
    """All cycles, drafts too; a new one like a template or an earlier one, or from nothing."""
    act = request.POST.get("act", "")
    shown: dict[str, forms.Form] = {
        name: form(request.POST if name == act else None, auto_id=f"{name}-%s")
        for name, form in {"like": BasisForm, "nothing": CycleForm}.items()
    }
    made = _made(shown[act], request.user) if act in shown else None
    if made is not None:
        messages.success(request, _("The draft is made. Next: its phases, its pots, who may vote."))
        return redirect("cycle_desk", slug=made.slug)
    context = {
        "cycles": visible_cycles(request.user).order_by("-pk")[:50],
        "forms": shown,
        "sent": shown.get(act),
    }
    return render(request, "budgeting/cycles_desk.html", context, status=400 if act else 200)


def _made(form: forms.Form, by: User) -> Cycle | None:
    """The draft that a form asks for; None, with what is wrong in the form."""
    if not form.is_valid():
        return None
    try:
        return _make(form, by)
    except RefusedError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return None


def _make(form: forms.Form, by: User) -> Cycle:
    if not isinstance(form, BasisForm):
        return prepare_cycle(form.cleaned_data, by=by)
    named = {name: form.cleaned_data[name] for name in ("slug", "title", "first_day")}
    if form.source is not None:
        return copy_cycle(form.source, by=by, **named)
    return cycle_from_template(TEMPLATES[form.cleaned_data["basis"]], by=by, **named)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def cycle_rules(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Title, kind of ballot, rule and ties of a cycle, to change while it is a draft."""
    cycle = visible_cycle(request.user, slug)
    prepares = cycle.is_prepared
    form = partial(RulesForm, initial=rules_as_filled_in(cycle) if prepares else None)
    desk = Desk(request, cycle, {"rules": (form, _change_rules)})
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | {
        "to_correct": pots_to_correct(cycle) if prepares else [],
        "prepares": prepares,
    }
    return render(request, "budgeting/rules.html", context, status=desk.status)


def _change_rules(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    changed = change_rules(cycle, desk.given, by=request.user)
    if pots_to_correct(changed):
        words = _("Kept. Not all pots fit such ballots yet: correct them.")
        return back(request, "pots", changed, words)
    return back(request, "cycle_rules", changed, _("Kept."))


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def timeline(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """All phases of a cycle on one page, changed together while it is a draft; what to mind."""
    cycle = visible_cycle(request.user, slug)
    rows: Any = PhaseRows(request.POST or None, initial=_as_rows(cycle))
    refusal, status = "", 200
    if request.method == "POST":
        refusal = _set(cycle, rows, request.user)
        if not refusal and rows.is_valid():
            return back(request, "timeline", cycle, _("Kept."))
        status = 400
    phases = list(cycle.phases.all())
    context = {
        "cycle": cycle,
        "rows": rows,
        "refusal": refusal,
        "steps": phase_steps(cycle, db_now()),
        "warnings": timeline_warnings(phases, settings.PUBLIC_HOLIDAYS),
        "holidays": holidays_of(phases, settings.PUBLIC_HOLIDAYS),
        "prepares": cycle.is_prepared,
    }
    return render(request, "budgeting/timeline.html", context, status=status)


def _as_rows(cycle: Cycle) -> list[dict[str, Any]]:
    return [
        {
            "kind": phase.kind,
            "starts_at": f"{localtime(phase.starts_at):%Y-%m-%d %H:%M}",
            "ends_at": f"{localtime(phase.ends_at):%Y-%m-%d %H:%M}",
        }
        for phase in cycle.phases.all()
    ]


def _set(cycle: Cycle, rows: Any, by: User) -> str:
    """Put the phases that were filled in in the place of all; why not, where it is refused."""
    if not rows.is_valid():
        return ""
    try:
        set_phases(cycle, [row.window for row in rows if row.window], by=by)
    except RefusedError as refusal:
        return str(refusal)
    return ""


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def pots(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """The money of a draft: a pot for the town, or for each of its districts or neighborhoods."""
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, POT_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    if desk.name != "count_from":
        said = {"supports_from": cycle.supports_from}
        desk.forms["count_from"] = SupportsFromForm(initial=said, auto_id="count_from-%s")
    found = list(cycle.pots.select_related("place"))
    prepares = cycle.is_prepared
    wrong = {pot.pk: why for pot, why in pots_to_correct(cycle)} if prepares else {}
    context = desk.context() | {
        "pots": [(pot, _change_form(pot, desk), wrong.get(pot.pk, "")) for pot in found],
        "total_minor": sum(pot.amount_minor for pot in found),
        "prepares": prepares,
    }
    return render(request, "budgeting/pots.html", context, status=desk.status)


def _change_form(pot: Pot, desk: Desk) -> forms.Form:
    """The pot's form, as it was sent where something is wrong with it."""
    if desk.name == "change_pot" and desk.request.POST.get("pot") == str(pot.pk):
        return desk.forms["change_pot"]
    said: dict[str, Any] = {"pot": pot.pk, "name": pot.name, "amount": pot.amount_minor}
    said |= {"supports_needed": pot.supports_needed, **limits_of(pot)}
    return ChangePotForm(initial=said, auto_id=f"pot-{pot.pk}-%s")


def _add(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    named = dict(desk.given)
    add_pot(cycle, named.pop("place"), amount_minor=named.pop("amount"), by=request.user, **named)
    return back(request, "pots", cycle, _("The pot is there."))


def _share_out(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    named = dict(desk.given)
    kind, amount_minor = PlaceKind(named.pop("kind")), named.pop("amount")
    share_out(cycle, kind, amount_minor=amount_minor, by=request.user, **named)
    return back(request, "pots", cycle, _("The pots are there."))


def _change(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    named = dict(desk.given)
    pot = get_object_or_404(cycle.pots, pk=named.pop("pot"))
    said = {"name": named.pop("name"), "amount_minor": named.pop("amount")}
    needed = named.pop("supports_needed")
    change_pot(pot, **said, supports_needed=needed, limits=named, by=request.user)
    return back(request, "pots", cycle, _("Kept."))


def _remove(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    remove_pot(get_object_or_404(cycle.pots, pk=desk.given["pot"]), by=request.user)
    return back(request, "pots", cycle, _("The pot is gone."))


def _need(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    need_supports(cycle, desk.given["supports_needed"], by=request.user)
    return back(request, "pots", cycle, _("Kept."))


def _count_from(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    count_supports_from(cycle, SupportsFrom(desk.given["supports_from"]), by=request.user)
    return back(request, "pots", cycle, _("Kept."))


POT_ACTS: Acts = {
    "add_pot": (PotForm, _add),
    "share_out": (ShareOutForm, _share_out),
    "need_supports": (SupportsForm, _need),
    "count_from": (SupportsFromForm, _count_from),
    "change_pot": (ChangePotForm, _change),
    "remove_pot": (OnePotForm, _remove),
}
