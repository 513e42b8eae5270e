"""The treasurers' page of what the provider and our books tell differently."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.reconciliation.selectors import latest_runs, mended_lately, open_differences
from civicfund.reconciliation.tasks import reconcile
from civicfund.spreadsheets import csv_response

SHOWN = 50
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
    differences = open_differences()
    context = {
        "differences": differences[:SHOWN],
        "number": len(differences),
        "mended": mended_lately(SHOWN),
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
