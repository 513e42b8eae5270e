"""The public board of a vote, and looking up a receipt."""

from __future__ import annotations

import tempfile

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from budgeting.access import visible_cycle
from budgeting.forms import ReceiptForm
from budgeting.models import Board, BoardLine, Cycle, PaperCount
from budgeting.selectors import board_of, board_rows, find_receipt, options_on_board
from budgeting.services.bundles import write_bundle
from budgeting.services.errors import RefusedError
from civicfund.paging import page_asked_for
from civicfund.people.requests import HttpRequest
from civicfund.spreadsheets import csv_response

LINES_PER_PAGE = 50
COLUMNS = ["place", "ballot_sha256", "receipt_sha256", "head_sha256"]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """What was recorded, in its order; where a receipt stands in it."""
    cycle, found = _board(request, slug)
    form = ReceiptForm(request.POST if request.method == "POST" else None)
    asked = form.is_bound and form.is_valid()
    lines = BoardLine.objects.filter(cycle=cycle).order_by("-position")
    page = page_asked_for(Paginator(lines, LINES_PER_PAGE), request)
    paper = PaperCount.objects.filter(pk=cycle.pk).first()
    context = {
        "cycle": cycle,
        "board": found,
        "paper": paper,
        "options": options_on_board(found),
        "counted_in_all": (found.counted or 0) + (paper.counted if paper else 0),
        "form": form,
        "asked": asked,
        "recorded": find_receipt(found, form.cleaned_data["receipt"]) if asked else None,
        "page": page,
    }
    return render(request, "budgeting/board.html", context, status=400 if form.errors else 200)


@require_safe
def board_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The whole board as a file."""
    cycle, found = _board(request, slug)
    return csv_response(f"board-{cycle.slug}.csv", COLUMNS, board_rows(found))


@require_safe
def verify_page(request: HttpRequest) -> HttpResponse:
    """Verify a bundle in one's own browser; the file is not sent anywhere."""
    return render(request, "budgeting/verify.html")


@require_safe
def bundle(request: HttpRequest, slug: str) -> HttpResponseBase:
    """All that anyone needs to verify a published vote, as one file."""
    cycle, _ = _board(request, slug)
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- the response closes it
    try:
        write_bundle(cycle, file)
    except RefusedError as refusal:
        file.close()
        raise Http404(str(refusal)) from None
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"bundle-{cycle.slug}.zip")


def _board(request: HttpRequest, slug: str) -> tuple[Cycle, Board]:
    cycle = visible_cycle(request.user, slug)
    found = board_of(cycle)
    if found is None:
        raise Http404("This vote has no board.")
    return cycle, found
