"""The officers' desk where homes are confirmed, of people who stand before it with their papers."""

from __future__ import annotations

from allauth.core.ratelimit import consume, respond_429
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from civicfund import staff
from civicfund.people.enums import Papers, Role
from civicfund.people.forms import ConfirmHomeForm, FindHomeForm
from civicfund.people.models import Residency
from civicfund.people.requests import SignedInRequest
from civicfund.people.services import ResidencyError, look_up_home, prove_seen_home

HOME_ACTS = ("find", "confirm")


@staff.only(Role.POLL_OFFICER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def homes_desk(request: SignedInRequest) -> HttpResponse:
    """Find whoever stands here by their address, compare, and confirm their home."""
    act = request.POST.get("act", "")
    if act == "find":
        return _find(request)
    if act == "confirm":
        return _confirm(request)
    return _page(request, FindHomeForm(), status=400 if request.method == "POST" else 200)


def _find(request: SignedInRequest) -> HttpResponse:
    form = FindHomeForm(request.POST)
    if not consume(request, action="find_home", user=request.user):
        too_many: HttpResponse = respond_429(request)
        return too_many
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        home = look_up_home(form.cleaned_data["email"], by=request.user)
    except ResidencyError as refusal:
        form.add_error(refusal.field, str(refusal))
        return _page(request, form, status=400)
    return _page(request, ConfirmHomeForm.of(home, by=request.user), home)


def _confirm(request: SignedInRequest) -> HttpResponse:
    form = ConfirmHomeForm(request.POST)
    found = form.found_by(request.user)
    if found is None:
        messages.error(request, _("Find the person once more."))
        return _page(request, FindHomeForm(), status=400)
    home = found.home
    if not form.is_valid():
        return _page(request, form, home, status=400)
    given = form.cleaned_data
    try:
        prove_seen_home(
            home,
            by=request.user,
            papers=Papers(given["papers"]),
            seen=found.seen,
            at_least=given["at_least"],
        )
    except ResidencyError as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, home, status=400)
    messages.success(request, _("Confirmed: %(who)s lives there.") % {"who": home.user})
    return redirect("homes_desk")


def _page(
    request: SignedInRequest,
    form: FindHomeForm | ConfirmHomeForm,
    home: Residency | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "home": home}
    return render(request, "people/homes_desk.html", context, status=status)
