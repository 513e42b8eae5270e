"""The desk at which two administrators extend a vote."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import visible_cycle
from budgeting.forms import AgreeForm, ExtensionForm
from budgeting.models import Cycle
from budgeting.selectors import ballot_status
from budgeting.services.extensions import extend_voting, extensions_asked, request_extension
from budgeting.views.rolls import Desk, administrators_only
from civicfund.audit.services import db_now
from civicfund.people.requests import SignedInRequest


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def extending(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Ask that voting end later, and as a second person agree to it."""
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, {"ask": (ExtensionForm, _ask), "agree": (AgreeForm, _agree)})
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | {
        "asked": extensions_asked(cycle),
        "status": ballot_status(cycle, None, db_now()),
    }
    return render(request, "budgeting/extending.html", context, status=desk.status)


def _ask(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    request_extension(cycle, by=request.user, **desk.given)
    messages.success(request, _("Now another administrator has to agree, before voting ends."))
    return redirect("extending", slug=cycle.slug)


def _agree(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    made = extend_voting(cycle, desk.given["asked"], by=request.user)
    until = date_format(localtime(made.to_at), "j F Y, H:i")
    messages.success(request, _("Voting now ends on %(until)s.") % {"until": until})
    return redirect("extending", slug=cycle.slug)
