"""The treasurers' desk: balances, statements, one pledge's case, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from budgeting.selectors.appropriations import drafts_beside_books
from civicfund import staff
from civicfund.audit.services import StaleStateError
from civicfund.ledger.selectors import (
    account_name,
    all_lines,
    balance_minor,
    balances,
    named,
    project_of,
    statement,
)
from civicfund.notices.services import send_again
from civicfund.parsing import said_in, whole_number
from civicfund.payments.models import Orphan
from civicfund.payments.selectors import latest_orphans, latest_reviews
from civicfund.payments.services import review_orphan
from civicfund.payouts.selectors import (
    accounts_to_approve,
    payouts_to_look_at,
    reversals_to_look_at,
)
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.pledges.access import any_campaign, any_pledge
from civicfund.pledges.models import Campaign, Pledge, RefundBatch
from civicfund.pledges.selectors import what_to_do
from civicfund.pledges.selectors.treasury import (
    batches_to_look_at,
    case_of,
    found_pledges,
    open_disputes,
    refunds_to_look_at,
    returned_of,
    troubled_pledges,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.recovery import try_now
from civicfund.pledges.services.refund_batches import approve_batch, refund_campaign, reject_batch
from civicfund.pledges.services.refunds import (
    approve_refund,
    left_to_refund,
    refund_pledge,
    reject_refund,
)
from civicfund.projects.models import Project
from civicfund.spreadsheets import csv_response
from civicfund.states import IllegalMoveError
from civicfund.town.forms import CampaignRefundForm, RefundForm
from civicfund.town.selectors import alarms, check_books, last_check

Row = TypeVar("Row", bound=Model)

SHOWN = 50
REFUSALS = (RefusedError, StaleStateError, IllegalMoveError)
treasurers_only = staff.only(Role.TREASURER)


@treasurers_only
@require_safe
@never_cache
def desk(request: SignedInRequest) -> HttpResponse:
    """What the town holds and owes, whether the books are right, and what waits for somebody."""
    accounts = balances()
    context = {
        "accounts": named(accounts, _titles(row.code for row, _minor in accounts)),
        "checked": last_check(),
        "late": {name: number for name, number in alarms().items() if number},
        "refunds": refunds_to_look_at()[:SHOWN],
        "batches": batches_to_look_at()[:SHOWN],
        "disputes": open_disputes()[:SHOWN],
        "orphans": latest_orphans(SHOWN),
        "reviews": latest_reviews(SHOWN),
        "votes": drafts_beside_books(),
        "payouts_waiting": sum(
            rows.count()
            for rows in (payouts_to_look_at(), reversals_to_look_at(), accounts_to_approve())
        ),
    }
    return render(request, "treasury/desk.html", context)


def _titles(codes: Iterable[str]) -> dict[int, str]:
    numbers = {number for code in codes if (number := project_of(code))}
    return dict(Project.objects.filter(pk__in=numbers).values_list("pk", "title"))


@treasurers_only
@require_POST
def books_check(request: SignedInRequest) -> HttpResponse:
    """Ask every law of the books again, now."""
    if check_books().broken:
        messages.error(request, _("The books were checked: something is not true."))
    else:
        messages.success(request, _("The books were checked: every law holds."))
    return redirect("treasury")


@treasurers_only
@require_POST
def orphan_review(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say what an unmatched object at the provider was: its alarm is over."""
    found = get_object_or_404(Orphan, pk=pk)
    try:
        review_orphan(found, by=request.user, words=request.POST.get("words", "")[:300])
        messages.success(request, _("Noted."))
    except ValueError:
        messages.error(request, _("Say what it was."))
    return redirect("treasury")


@treasurers_only
@require_safe
@never_cache
def account(request: SignedInRequest) -> HttpResponse:
    """One account's statement, newest first."""
    code = said_in(request, "code")
    before = whole_number(request.GET.get("before", ""))
    lines, older = statement(code, before=before, most=SHOWN)
    if not lines:
        raise Http404("No such account.")
    context = {
        "code": code,
        "name": account_name(code, _titles([code])),
        "balance_minor": balance_minor(code),
        "lines": lines,
        "older": older,
    }
    return render(request, "treasury/account.html", context)


@treasurers_only
@require_safe
@never_cache
def account_csv(request: SignedInRequest) -> StreamingHttpResponse:
    """One account's whole statement, oldest first, amounts in minor units."""
    rows = ((at.isoformat(), *rest) for at, *rest in all_lines(said_in(request, "code")))
    header = ["booked", "kind", "source", "source_id", "amount_minor"]
    return csv_response("statement.csv", header, rows)


@treasurers_only
@require_safe
@never_cache
def pledges(request: SignedInRequest) -> HttpResponse:
    """Find a pledge; without a question, those that somebody may ask about."""
    wanted = said_in(request, "q").strip()
    found = found_pledges(wanted) if wanted else troubled_pledges()
    return render(request, "treasury/pledges.html", {"wanted": wanted, "pledges": found[:SHOWN]})


@treasurers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def pledge(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One pledge: all that happened to its money, and what a treasurer can do about it."""
    found = any_pledge(pk)
    form = RefundForm(request.POST if request.POST.get("act") == "refund" else None)
    if request.method == "POST" and (not form.is_bound or form.is_valid()):
        answer = _act_on_pledge(request, found, form)
        if answer is not None:
            return answer
    case = case_of(found)
    context = {
        "pledge": found,
        "campaign": found.campaign,
        "case": case,
        "attempts": [(each, what_to_do(each.code, each.decline_code)) for each in case.attempts],
        "left_minor": left_to_refund(found),
        "form": form,
    }
    return render(request, "treasury/pledge.html", context, status=400 if form.errors else 200)


def _refund(request: SignedInRequest, found: Pledge, form: RefundForm) -> str:
    refund_pledge(found, by=request.user, **form.terms())
    return _("The refund is noted. It is paid at once, or waits for a second treasurer.")


def _approve(request: SignedInRequest, found: Pledge, form: RefundForm) -> str:
    approve_refund(_one(found.refunds.all(), request), by=request.user)
    return _("Approved: the refund is being paid.")


def _reject(request: SignedInRequest, found: Pledge, form: RefundForm) -> str:
    reject_refund(_one(found.refunds.all(), request), by=request.user)
    return _("The refund is not made.")


def _try(request: SignedInRequest, found: Pledge, form: RefundForm) -> str:
    try_now(found, by=request.user)
    return _("The card is charged again in a moment.")


def _resend(request: SignedInRequest, found: Pledge, form: RefundForm) -> str:
    send_again(_one(case_of(found).messages, request), by=request.user)
    return _("The mail is sent again.")


ACTS = {
    "refund": _refund, "approve": _approve, "reject": _reject, "try": _try, "resend": _resend,
}  # fmt: skip


def _act_on_pledge(
    request: SignedInRequest, found: Pledge, form: RefundForm
) -> HttpResponse | None:
    """Do what was asked, and come back to the page; None where the form has to be shown again."""
    act = request.POST.get("act", "")
    if act not in ACTS:
        raise Http404("No such act.")
    if act == "approve" and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    try:
        messages.success(request, ACTS[act](request, found, form))
    except RefusedError as refusal:
        if form.is_bound:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            return None
        messages.error(request, str(refusal))
    except REFUSALS:
        messages.error(request, _("This is not possible any more."))
    return redirect("treasury_pledge", found.pk)


def _one(rows: Iterable[Row], request: SignedInRequest) -> Row:
    """The one of these rows that the form names; 404 where there is none."""
    for row in rows:
        if str(row.pk) == request.POST.get("row"):
            return row
    raise Http404("No such row.")


@treasurers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def campaign(request: SignedInRequest, pk: int) -> HttpResponse:
    """What a campaign collected and gave back; give all of it back, with a second treasurer."""
    found = any_campaign(pk)
    form = CampaignRefundForm(request.POST if request.POST.get("act") == "refund" else None)
    if request.method == "POST" and (not form.is_bound or form.is_valid()):
        return _act_on_campaign(request, found, form)
    batches = found.refund_batches.select_related("requested_by").order_by("created_at")
    context = {
        "campaign": found,
        "returned": returned_of(found),
        "batches": batches,
        "may_ask": found.is_being_collected and not any(row.is_open for row in batches),
        "form": form,
    }
    return render(request, "treasury/campaign.html", context, status=400 if form.errors else 200)


def _act_on_campaign(
    request: SignedInRequest, found: Campaign, form: CampaignRefundForm
) -> HttpResponse:
    act = request.POST.get("act")
    if act == "approve" and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    try:
        if act == "refund":
            refund_campaign(found, by=request.user, **form.terms())
        elif act in ("approve", "reject"):
            batch = get_object_or_404(
                RefundBatch, campaign=found, pk=whole_number(request.POST.get("row", ""))
            )
            (approve_batch if act == "approve" else reject_batch)(batch, by=request.user)
        else:
            raise Http404("No such act.")
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    except REFUSALS:
        messages.error(request, _("This is not possible any more."))
    else:
        messages.success(request, _("Noted."))
    return redirect("treasury_campaign", found.pk)
