"""The treasurers' page of what the provider and our books tell differently."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund import staff
from civicfund.audit.services import StaleStateError
from civicfund.parsing import whole_number
from civicfund.payouts.services.errors import RefusedError
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.reconciliation.forms import ExplanationForm
from civicfund.reconciliation.models import Difference, Explanation
from civicfund.reconciliation.selectors import (
    differences,
    ended_lately,
    latest_runs,
    open_differences,
)
from civicfund.reconciliation.services.explaining import (
    approve_correction,
    explain,
    reject_correction,
)
from civicfund.reconciliation.tasks import reconcile
from civicfund.spreadsheets import csv_response
from civicfund.states import IllegalMoveError

SHOWN = 50
DECISIONS = {"approve": approve_correction, "reject": reject_correction}
treasurers_only = staff.only(Role.TREASURER)


@treasurers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def reconciliation(request: SignedInRequest) -> HttpResponse:
    """What differs now, what was mended, and the latest comparisons; begin one by hand."""
    if request.method == "POST":
        reconcile.delay()
        messages.success(request, _("The comparison begins. Come back in a moment."))
        return redirect("reconciliation")
    differing = open_differences()
    context = {
        "differences": differing[:SHOWN],
        "number": len(differing),
        "ended": ended_lately(SHOWN),
        "runs": latest_runs(SHOWN),
    }
    return render(request, "treasury/reconciliation.html", context)


@treasurers_only
@require_safe
@never_cache
def reconciliation_csv(request: SignedInRequest) -> StreamingHttpResponse:
    """Everything that differs now, amounts in minor units."""
    rows = (
        (
            row.found_at.isoformat(), row.kind, row.object_id, row.defect, row.currency,
            row.told_minor, row.told_fee_minor, row.booked_minor, row.booked_fee_minor,
        )
        for row in open_differences()
    )  # fmt: skip
    header = [
        "found", "movement", "object", "differs", "currency",
        "provider_minor", "provider_fee_minor", "books_minor", "books_fee_minor",
    ]  # fmt: skip
    return csv_response("differences.csv", header, rows)


@treasurers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def difference(request: SignedInRequest, pk: int) -> HttpResponse:
    """One difference: what both sides say, what treasurers said of it, and saying it."""
    found = get_object_or_404(differences(), pk=pk)
    act = request.POST.get("act", "")
    form = ExplanationForm(found, request.POST if act == "explain" else None)
    if act in DECISIONS:
        return _decide(request, found, act)
    if form.is_bound and form.is_valid() and (answer := _explain(request, found, form)):
        return answer
    said = list(found.explanations.all())
    context = {
        "difference": found,
        "form": form,
        "explanations": said,
        "waits": any(explanation.state == "waiting" for explanation in said),
    }
    status = 400 if form.errors else 200
    return render(request, "treasury/difference.html", context, status=status)


def _explain(
    request: SignedInRequest, found: Difference, form: ExplanationForm
) -> HttpResponse | None:
    """Say it, and come back; None where the form has to be shown again."""
    try:
        said = explain(found, by=request.user, **form.terms())
    except RefusedError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return None
    waits = _("The correction waits for a second treasurer.")
    messages.success(request, waits if said.corrected_minor else _("Noted: it is explained."))
    return redirect("difference", found.pk)


def _decide(request: SignedInRequest, found: Difference, act: str) -> HttpResponse:
    """A second treasurer's word on a correction; to approve takes a recent second factor."""
    row = whole_number(request.POST.get("row", ""))
    explanation = get_object_or_404(Explanation, difference=found, pk=row)
    if act == "approve" and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    try:
        DECISIONS[act](explanation, by=request.user)
        messages.success(request, _("Noted."))
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    except (StaleStateError, IllegalMoveError):
        messages.error(request, _("This is not possible any more."))
    return redirect("difference", found.pk)
