"""The admin site, closed to everyone who has not just given a second factor."""

from __future__ import annotations

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

SECOND_FACTOR_METHOD = "mfa"


def gave_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with a second factor."""
    return any(
        record.get("method") == SECOND_FACTOR_METHOD
        for record in get_authentication_records(request, request.user)
    )


class SecondFactorAdminSite(AdminSite):
    """Django's admin behind allauth's sign-in and a second factor."""

    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("What the town keeps")

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, active, and signed in with a second factor in this session."""
        return super().has_permission(request) and gave_second_factor(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Send to the site's own sign-in, or to setting up a second factor."""
        if request.user.is_authenticated and not is_mfa_enabled(request.user):
            return redirect("mfa_index")
        destination = request.GET.get("next", resolve_url("admin:index"))
        return redirect(f"{resolve_url('account_login')}?{urlencode({'next': destination})}")
