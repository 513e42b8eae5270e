"""Closing my account: what goes, what stays, and the act itself."""

from __future__ import annotations

from allauth.core.ratelimit import consume, respond_429
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.people.forms import CloseForm
from civicfund.people.requests import SignedInRequest
from civicfund.people.services.erasure import erase, why_kept
from civicfund.people.services.errors import ErasureError


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def close(request: SignedInRequest) -> HttpResponseBase:
    """See what closing means, and close the account with the password and the second factor."""
    if request.method != "POST":
        return _page(request, CloseForm(request.user))
    if not consume(request, action="close_account", key=str(request.user.pk)):
        too_many: HttpResponse = respond_429(request)
        return too_many
    if is_mfa_enabled(request.user) and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    form = CloseForm(request.user, request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        erase(request.user)
    except ErasureError:
        return _page(request, form, status=400)
    logout(request)
    messages.success(request, _("Your account is closed and your name is taken off what stays."))
    return redirect("home")


def _page(request: SignedInRequest, form: CloseForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "reasons": why_kept(request.user),
        "second_factor": is_mfa_enabled(request.user),
    }
    return render(request, "people/close.html", context, status=status)
