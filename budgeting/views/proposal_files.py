"""Proposals as a file: out, and in after it was looked through by line."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from budgeting.access import visible_cycle
from budgeting.forms.proposal_files import CheckedFileForm, ProposalFileForm
from budgeting.forms.roll import sign_checked
from budgeting.models import Cycle
from budgeting.selectors.proposal_files import (
    COSTS,
    HEADER,
    ID,
    OTHERS,
    READ_ONLY,
    REQUIRED,
    proposal_rows,
)
from budgeting.services.errors import RefusedError
from budgeting.services.proposal_files import (
    MOST_BYTES,
    MOST_LINES,
    import_proposals,
    look_through,
)
from budgeting.views.desks import Acts, Desk, back
from civicfund import staff
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.spreadsheets import csv_response

_HEADER = {
    "needed": ", ".join(REQUIRED),
    "costs": COSTS,
    "others": ", ".join(OTHERS),
    "id": ID,
    "read_only": ", ".join(READ_ONLY),
}
_MOST = {"megabytes": MOST_BYTES // 2**20, "lines": MOST_LINES}


@staff.only(Role.BUDGET_ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def proposal_file(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Look a file of proposals through, changing nothing; then enter what is sound in it."""
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, FILE_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    checked = None
    if desk.report:
        signed = sign_checked(cycle, desk.report.sha256, lines=len(desk.report.lines))
        checked = CheckedFileForm(initial={"checked": signed}, auto_id="enter-%s")
    context = desk.context() | {
        "report": desk.report,
        "checked": checked,
        "header": _HEADER,
        "most": _MOST,
    }
    return render(request, "budgeting/proposal_file.html", context, status=desk.status)


def _look(request: SignedInRequest, cycle: Cycle, desk: Desk) -> None:
    desk.report = look_through(cycle, desk.given["file"], by=request.user)


def _enter(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    said = desk.given["checked"]
    if said["cycle"] != cycle.pk:
        raise RefusedError(_("Look the file through again."))
    file, sha256 = desk.given["file"], said["sha256"]
    made = import_proposals(cycle, file, sha256=sha256, by=request.user)
    words = ngettext("%(n)s proposal is entered.", "%(n)s proposals are entered.", len(made))
    return back(request, "reviews", cycle, words % {"n": len(made)})


FILE_ACTS: Acts = {"look": (ProposalFileForm, _look), "enter": (CheckedFileForm, _enter)}


@staff.only(Role.BUDGET_ADMINISTRATOR, Role.REVIEWER)
@require_safe
@never_cache
def proposals_csv(request: SignedInRequest, slug: str) -> StreamingHttpResponse:
    """Every proposal of a cycle with what is public of it, to be read or taken again; no review
    that is not public.
    """
    cycle = visible_cycle(request.user, slug)
    rows = ([row[name] for name in HEADER] for row in proposal_rows(cycle))
    return csv_response(f"proposals-{cycle.slug}.csv", list(HEADER), rows)
