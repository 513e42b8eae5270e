"""The desk at which administrators and trustees keep the key of a vote."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from budgeting.access import visible_cycle
from budgeting.domain import trustee
from budgeting.enums import CycleState, TrusteePair
from budgeting.forms import AnswerForm, PartsForm, PublicKeyForm
from budgeting.models import Cycle, Keying, SealedBallot
from budgeting.selectors import board_of, key_of, pending_requests
from budgeting.services.errors import RefusedError
from budgeting.services.trustees import (
    UNSEAL,
    approve_unsealing,
    give_key,
    pass_rehearsal,
    request_unsealing,
)
from budgeting.services.unsealing import unseal
from civicfund import staff
from civicfund.audit.services import ApprovalError, approval_for
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import HttpRequest, SignedInRequest

PROGRAM = Path(trustee.__file__)
administrators_only = staff.only(Role.BUDGET_ADMINISTRATOR)
# More than a request should wait for; the command has all the time it needs.
MOST_IN_A_REQUEST = 20_000


@require_safe
def trustee_program(request: HttpRequest) -> HttpResponse:
    """What trustees run on a computer of their own, one file, to be read by anyone."""
    content = PROGRAM.read_text(encoding="utf-8")
    return HttpResponse(
        content,
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="trustee.py"'},
    )


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def key(request: SignedInRequest, slug: str) -> HttpResponse:
    """Who the trustees are, their public key and its rehearsal, while the cycle is prepared."""
    cycle = visible_cycle(request.user, slug)
    given = key_of(cycle)
    key_form = PublicKeyForm(request.POST if "public_key" in request.POST else None, given=given)
    answers = [
        AnswerForm(each, request.POST if f"answer-{each.pair}" in request.POST else None)
        for each in (given.rehearsals.all() if given else ())
    ]
    try:
        if key_form.is_bound and key_form.is_valid():
            _give(cycle, key_form, by=request.user)
            messages.success(request, _("Key and names are kept. Each pair opens its test box."))
            return redirect("cycle_key", slug=slug)
        for form in answers:
            if form.is_bound and form.is_valid():
                pair = TrusteePair(form.rehearsal.pair)
                pass_rehearsal(cycle, pair, form.answer, by=request.user)
                messages.success(request, _("Right: this pair can open the vote."))
                return redirect("cycle_key", slug=slug)
    except RefusedError as refusal:
        _blame(key_form, answers, refusal)
    context = {"cycle": cycle, "given": given, "key_form": key_form, "answers": answers}
    wrong = key_form.errors or any(form.errors for form in answers)
    return render(request, "budgeting/key.html", context, status=400 if wrong else 200)


def _give(cycle: Cycle, form: PublicKeyForm, *, by: User) -> None:
    given = form.cleaned_data
    give_key(cycle, given["public_key"], form.trustees, by=by, namesakes=given["namesakes"])


def _blame(key_form: PublicKeyForm, answers: list[AnswerForm], refusal: RefusedError) -> None:
    form = next((each for each in answers if each.is_bound), None) or key_form
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("one", "two")
def unsealing(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for the opening of the ballots, agree to it, and open them with two trustees' parts."""
    cycle = visible_cycle(request.user, slug)
    form = PartsForm(request.POST if "one" in request.POST else None)
    second = "agree" in request.POST or form.is_bound
    if second and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    try:
        if "ask" in request.POST:
            request_unsealing(cycle, by=request.user)
            return redirect("unsealing", slug=slug)
        if "agree" in request.POST:
            approve_unsealing(cycle, _asked_id(request.POST["agree"]), by=request.user)
            return redirect("unsealing", slug=slug)
        if form.is_bound and form.is_valid():
            _check_size(cycle)
            unseal(cycle, [form.cleaned_data["one"], form.cleaned_data["two"]])
            messages.success(request, _("The ballots are open. They are being counted."))
            return redirect("unsealing", slug=slug)
    except (RefusedError, ApprovalError) as refusal:
        form = PartsForm({}) if not form.is_bound else form
        form.errors.clear()
        form.add_error(None, str(refusal))
    context = {"cycle": cycle, "board": board_of(cycle), "form": form} | _standing(cycle)
    return render(request, "budgeting/unsealing.html", context, status=400 if form.errors else 200)


def _asked_id(sent: str) -> int:
    """Which request somebody agrees to; one that there never was where none is named."""
    return int(sent) if sent.isdecimal() and len(sent) < 19 else 0


def _check_size(cycle: Cycle) -> None:
    sealed = [rows.objects.filter(cycle=cycle).count() for rows in (SealedBallot, Keying)]
    if sum(sealed) > MOST_IN_A_REQUEST:
        raise RefusedError(
            _("There are too many ballots for a page: run `manage.py unseal %(slug)s`.")
            % {"slug": cycle.slug}
        )


def _standing(cycle: Cycle) -> dict[str, object]:
    """Whether the opening waits for somebody to ask, to agree, or for the trustees."""
    if cycle.state != CycleState.CLOSED:
        return {"asked": [], "agreed": False, "is_closed": False}
    try:
        agreed = bool(approval_for(UNSEAL, cycle))
    except ApprovalError:
        agreed = False
    return {"asked": pending_requests(cycle, UNSEAL), "agreed": agreed, "is_closed": True}
