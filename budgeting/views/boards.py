"""The public board of a vote, and looking up a receipt."""

from __future__ import annotations

from allauth.core.ratelimit import consume, consume_or_429, respond_429
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from budgeting.access import visible_cycle
from budgeting.forms import ReceiptForm
from budgeting.models import Board, BoardLine, Cycle, PaperCount
from budgeting.selectors import board_of, board_rows, find_receipt, options_on_board
from budgeting.services.bundles import bytes_of, keep_bundle
from budgeting.services.errors import BusyError, RefusedError
from civicfund.paging import page_asked_for
from civicfund.people.requests import HttpRequest
from civicfund.spreadsheets import csv_response

LINES_PER_PAGE = 50
# It never changes; whoever keeps it on the way asks again after an hour all the same.
_BUNDLE_KEPT_SECONDS = 3_600
_MADE_IN_SECONDS = 30
COLUMNS = ["place", "ballot_sha256", "receipt_sha256", "head_sha256"]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """What was recorded, in its order; where a receipt stands in it."""
    cycle, found = _board(request, slug)
    form = ReceiptForm(request.POST if request.method == "POST" else None)
    asked = form.is_bound and form.is_valid()
    if asked and not consume(request, action="look_up_receipt"):
        too_many: HttpResponse = respond_429(request)
        return too_many
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
    """All that anyone needs to verify a published vote, as one file: the same for everybody."""
    cycle, _ = _board(request, slug)
    try:
        kept = keep_bundle(cycle)
    except BusyError as busy:
        return _come_back(request, cycle, busy)
    except RefusedError as refusal:
        raise Http404(str(refusal)) from None
    told = {"ETag": f'"{kept.sha256}"', "Cache-Control": f"public, max-age={_BUNDLE_KEPT_SECONDS}"}
    # Who has it already is told so, as often as they ask.
    known: HttpResponse | None = get_conditional_response(request, etag=told["ETag"])
    if known is not None:
        for name, value in told.items():
            known[name] = value
        return known
    too_many: HttpResponse | None = consume_or_429(request, action="bundle", limit_get=True)
    if too_many is not None:
        return too_many
    told["Content-Disposition"] = f'attachment; filename="bundle-{cycle.slug}.zip"'
    told["Content-Length"] = str(kept.size_bytes)
    return StreamingHttpResponse(bytes_of(kept), content_type="application/zip", headers=told)


def _come_back(request: HttpRequest, cycle: Cycle, busy: BusyError) -> HttpResponse:
    context = {"cycle": cycle, "why": str(busy)}
    response = render(request, "budgeting/bundle_busy.html", context, status=503)
    response["Retry-After"] = str(_MADE_IN_SECONDS)
    add_never_cache_headers(response)
    return response


def _board(request: HttpRequest, slug: str) -> tuple[Cycle, Board]:
    cycle = visible_cycle(request.user, slug)
    found = board_of(cycle)
    if found is None:
        raise Http404("This vote has no board.")
    return cycle, found
