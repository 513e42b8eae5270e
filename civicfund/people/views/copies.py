"""What the town holds about me: asked for, taken, deleted."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from allauth.core.ratelimit import consume, respond_429
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from civicfund import staff
from civicfund.holdings import held
from civicfund.people.models import PersonalCopy
from civicfund.people.requests import SignedInRequest
from civicfund.people.services.copies import ask_for_copy, delete_copy, take_copy
from civicfund.people.services.errors import CopyError


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def my_data(request: SignedInRequest) -> HttpResponseBase:
    """What kinds of things are held about me; ask for a copy."""
    if request.method != "POST":
        return _page(request)
    if not consume(request, action="personal_copy", key=str(request.user.pk)):
        too_many: HttpResponse = respond_429(request)
        return too_many
    try:
        ask_for_copy(request.user)
    except CopyError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("We put it together now. Look again in a minute."))
    return redirect("my_data")


def _page(request: SignedInRequest) -> HttpResponse:
    context = {
        "copy": PersonalCopy.objects.at_hand().filter(user=request.user).first(),
        "days": settings.PERSONAL_COPY_DAYS,
        "kinds": held(),
    }
    return render(request, "people/my_data.html", context)


@login_required
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
@require_safe
@never_cache
def take(request: SignedInRequest) -> HttpResponseBase:
    """My copy, for the password once more, and the second factor where there is one."""
    if is_mfa_enabled(request.user) and not staff.second_factor_is_recent(request):
        return staff.ask_for_second_factor(request)
    try:
        content = take_copy(request.user)
    except CopyError as refusal:
        messages.error(request, str(refusal))
        return redirect("my_data")
    return HttpResponse(
        content,
        content_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="what-is-held-about-me.zip"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@login_required
@require_POST
def delete(request: SignedInRequest) -> HttpResponse:
    """Delete my copy before its day."""
    delete_copy(request.user)
    messages.success(request, _("Deleted."))
    return redirect("my_data")
