"""The desk at which two administrators extend a vote."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import visible_cycle
from budgeting.forms import AgreeForm, ExtensionForm
from budgeting.models import Cycle
from budgeting.selectors import ballot_status
from budgeting.services.extensions import extend_voting, extensions_asked, request_extension
from budgeting.views.desks import Acts, Desk, back
from budgeting.views.rolls import administrators_only
from civicfund.moments import moment
from civicfund.people.requests import SignedInRequest


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def extending(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Ask that voting end later, and as a second person agree to it."""
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, EXTENSION_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | {
        "asked": extensions_asked(cycle),
        "status": ballot_status(cycle, None),
    }
    return render(request, "budgeting/extending.html", context, status=desk.status)


def _ask(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    request_extension(cycle, by=request.user, **desk.given)
    words = _("Now another administrator has to agree, before voting ends.")
    return back(request, "extending", cycle, words)


def _agree(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    made = extend_voting(cycle, desk.given["asked"], by=request.user)
    until = moment(made.to_at)
    return back(request, "extending", cycle, _("Voting now ends on %(until)s.") % {"until": until})


EXTENSION_ACTS: Acts = {"ask": (ExtensionForm, _ask), "agree": (AgreeForm, _agree)}
