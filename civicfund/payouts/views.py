"""A project owner's account, and the treasurers' pages of what projects are paid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from civicfund import staff
from civicfund.audit.services import StaleStateError
from civicfund.delivery.selectors import has_plan, reached_milestones
from civicfund.payments.domain import GatewayError
from civicfund.payouts.enums import PayoutState, Source
from civicfund.payouts.forms import PayoutForm, ReversalForm
from civicfund.payouts.models import PayoutAccount, Reversal
from civicfund.payouts.selectors import (
    accounts_to_approve,
    approved_account_of,
    payouts_of,
    payouts_to_look_at,
    projects_with_money,
    purse_of,
    reversals_to_look_at,
    waiting_account_of,
    why_not_now,
)
from civicfund.payouts.services.accounts import (
    approve_account,
    onboarding_address,
    open_account,
    read_account,
)
from civicfund.payouts.services.deciding import (
    approve_payout,
    note_bank_payment,
    reject_payout,
    request_payout,
)
from civicfund.payouts.services.errors import RefusedError
from civicfund.payouts.services.reversing import (
    approve_reversal,
    reject_reversal,
    request_reversal,
)
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.projects.models import Project
from civicfund.states import IllegalMoveError

Row = TypeVar("Row", bound=Model)
Asked = PayoutForm | ReversalForm
REFUSALS = (RefusedError, StaleStateError, IllegalMoveError)
SHOWN = 50
REVERSAL_ACTS = {"approve-reversal": approve_reversal, "reject-reversal": reject_reversal}
GRAVE = ("approve", "approve-reversal")
NO_ANSWER = gettext_lazy("The payment provider does not answer. Try again in a moment.")
treasurers_only = staff.only(Role.TREASURER)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def account(request: SignedInRequest) -> HttpResponse:
    """One's own account for receiving money: set one up; what is missing, and the next step."""
    if request.method == "POST":
        try:
            open_account(request.user)
        except GatewayError:
            messages.error(request, NO_ANSWER)
        return redirect("payout_account")
    projects = Project.objects.filter(proposer=request.user, payouts__isnull=False).distinct()
    context = {
        "approved": approved_account_of(request.user),
        "waiting": waiting_account_of(request.user),
        "payouts": [
            payout
            for project in projects
            for payout in payouts_of(project).filter(state=PayoutState.PAID)
        ],
    }
    return render(request, "payouts/account.html", context)


@login_required
@require_safe
@never_cache
def onboarding(request: SignedInRequest) -> HttpResponse:
    """To the provider's page on which one says who one is. The address is good for minutes."""
    waiting = waiting_account_of(request.user)
    if waiting is None or not waiting.account_id:
        return redirect("payout_account")
    back = request.build_absolute_uri(reverse("payout_account_return"))
    again = request.build_absolute_uri(reverse("payout_onboarding"))
    try:
        return redirect(onboarding_address(waiting, return_url=back, refresh_url=again))
    except GatewayError:
        messages.error(request, NO_ANSWER)
    return redirect("payout_account")


@login_required
@require_safe
@never_cache
def account_return(request: SignedInRequest) -> HttpResponse:
    """Where the provider's page comes back to: read there what it thinks now."""
    waiting = waiting_account_of(request.user)
    try:
        if waiting is not None:
            read_account(waiting)
    except GatewayError:
        messages.info(request, _("We have no answer yet. This page shows it once we have."))
    return redirect("payout_account")


@treasurers_only
@require_safe
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """What projects are owed, what waits for somebody, and accounts to approve."""
    context = {
        "projects": projects_with_money(),
        "payouts": payouts_to_look_at()[:SHOWN],
        "reversals": reversals_to_look_at()[:SHOWN],
        "accounts": accounts_to_approve()[:SHOWN],
    }
    return render(request, "payouts/desk.html", context)


@treasurers_only
@require_POST
def account_approve(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let an owner's account be used, with a recent second factor."""
    found = get_object_or_404(PayoutAccount, pk=pk)
    if not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request, back=reverse("payouts"))
    try:
        approve_account(found, by=request.user)
        messages.success(request, _("Approved: this account is used from now on."))
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    return redirect("payouts")


@treasurers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def project(request: SignedInRequest, pk: int) -> HttpResponse:
    """One project's money by source, and its payouts: ask for one, approve one, note one."""
    found = get_object_or_404(Project.objects.select_related("proposer"), pk=pk)
    act = request.POST.get("act", "")
    account = approved_account_of(found.proposer)
    reached = reached_milestones(found.pk) if has_plan(found.pk) else None
    forms = {
        source: PayoutForm(
            source,
            reached,
            request.POST if act == f"ask-{source}" else None,
            has_account=account is not None,
        )
        for source in Source
    }
    payouts = [(payout, ReversalForm(payout, request.POST)) for payout in payouts_of(found)]
    typed: list[Asked] = [*forms.values(), *(form for _payout, form in payouts)]
    asked = next((form for form in typed if form.is_bound), None)
    if request.method == "POST" and (asked is None or asked.is_valid()):
        answer = _act(request, found, act, asked)
        if answer is not None:
            return answer
    context = {
        "project": found,
        "purses": [
            (purse_of(found.pk, source), form, why_not_now(found.pk, source))
            for source, form in forms.items()
        ],
        "payouts": payouts,
        "account": account,
        "waiting_account": None if account else waiting_account_of(found.proposer),
    }
    status = 400 if asked is not None and asked.errors else 200
    return render(request, "payouts/project.html", context, status=status)


def _act(
    request: SignedInRequest, found: Project, act: str, asked: Asked | None
) -> HttpResponse | None:
    """Do what was asked, and come back to the page; None where the form has to be shown again."""
    if act in GRAVE and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    try:
        messages.success(request, _done(request, found, act, asked))
    except RefusedError as refusal:
        if asked is not None:
            asked.add_error(refusal.field if refusal.field in asked.fields else None, str(refusal))
            return None
        messages.error(request, str(refusal))
    except REFUSALS:
        messages.error(request, _("This is not possible any more."))
    return redirect("project_payouts", found.pk)


def _done(request: SignedInRequest, found: Project, act: str, asked: Asked | None) -> str:
    """Do it, and say what was done."""
    by = request.user
    if act in REVERSAL_ACTS:
        REVERSAL_ACTS[act](_one(Reversal.objects.filter(payout__project=found), request), by=by)
        return _("Noted.")
    if isinstance(asked, PayoutForm):
        request_payout(found, by=by, **asked.terms())
        return _("The payout waits for a second treasurer.")
    row = _one(payouts_of(found), request)
    if act == "approve":
        approve_payout(row, by=by)
        return _("Approved.")
    if act == "reject":
        reject_payout(row, by=by)
        return _("The payout is not made.")
    if asked is not None:
        request_reversal(row, by=by, amount_minor=asked.cleaned_data["amount"])
        return _("Taking it back waits for a second treasurer.")
    if act == "note":
        note_bank_payment(row, by=by, reference=request.POST.get("reference", "")[:80])
        return _("The bank payment is noted.")
    raise Http404("No such act.")


def _one(rows: Iterable[Row], request: SignedInRequest) -> Row:
    """The one of these rows that the form names; 404 where there is none."""
    for row in rows:
        if str(row.pk) == request.POST.get("row"):
            return row
    raise Http404("No such row.")
