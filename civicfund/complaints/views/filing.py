"""Complaining, with or without an account, and what became of it."""

from __future__ import annotations

from allauth.core.ratelimit import consume
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from civicfund.complaints.access import complaint_here, link_to, open_complaint, remember
from civicfund.complaints.forms import AgainForm, ComplaintForm
from civicfund.complaints.models import Complaint
from civicfund.complaints.selectors import counts_of_the_year
from civicfund.complaints.services.errors import ComplaintError
from civicfund.complaints.services.filing import ask_again, complain, take_back
from civicfund.people.models import User
from civicfund.people.requests import HttpRequest

_TOO_MANY = _lazy(
    "That is a lot from one network within an hour. What you wrote is still here: send it later, or"
    " by mail to the address above."
)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def complaint(request: HttpRequest) -> HttpResponseBase:
    """Tell those who answer complaints, with or without an account."""
    form = ComplaintForm(request.POST if request.method == "POST" else None, user=request.user)
    status = 200 if form.is_valid() or not form.is_bound else 400
    if form.is_valid() and not consume(request, action="complaint"):
        form.add_error(None, _TOO_MANY)
        status = 429
    if form.is_valid():
        by = request.user if isinstance(request.user, User) else None
        made = complain(**form.cleaned_data, by=by)
        remember(request.session, made)
        messages.success(request, _("Sent. This page shows what becomes of it."))
        return redirect("complaint_state", pk=made.pk)
    context = {
        "form": form,
        "counts": counts_of_the_year(),
        "complaints_address": settings.COMPLAINTS_ADDRESS,
        "answer_days": settings.COMPLAINT_DAYS,
        "kept_days": settings.COMPLAINT_KEPT_DAYS,
    }
    return render(request, "complaints/complaint.html", context, status=status)


@require_safe
@never_cache
def link(request: HttpRequest, token: str) -> HttpResponse:
    """From a mail, without signing in: open one complaint, at an address that is clean."""
    opened = open_complaint(request.session, token)
    response = redirect("complaint_state", pk=opened.pk)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of one's complaint: ask for a second look, or take it back."""
    try:
        mine = complaint_here(request, pk)
    except PermissionDenied:
        return redirect_to_login(request.get_full_path())
    if request.POST.get("act") == "take_back":
        take_back(mine)
        messages.success(request, _("Taken back. Every word of it is deleted."))
        return redirect("complaint")
    form = AgainForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            ask_again(mine, words=form.cleaned_data["words"])
        except ComplaintError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Sent. Somebody else looks at it."))
            return redirect("complaint_state", pk=pk)
    return _state_page(request, mine, form)


def _state_page(request: HttpRequest, mine: Complaint, form: AgainForm) -> HttpResponse:
    looks = list(mine.looks.order_by("number"))
    context = {
        "complaint": mine,
        "looks": looks,
        "may_ask_again": len(looks) == 1 and looks[0].answered_at,
        "link": settings.SITE_URL + link_to(mine),
        "form": form,
    }
    return render(request, "complaints/state.html", context, status=400 if form.errors else 200)
