"""The admin site, closed to everyone who has not just given a second factor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from civicfund.people.models import User

SECOND_FACTOR_METHOD = "mfa"


def gave_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with a second factor."""
    return _gave_second_factor(request, request.user)


def _gave_second_factor(request: HttpRequest, user: AbstractBaseUser | AnonymousUser) -> bool:
    return any(
        record.get("method") == SECOND_FACTOR_METHOD
        for record in get_authentication_records(request, user)
    )


class SaysSecondFactor:
    """Middleware: whoever asks is said to have given a second factor, or not.

    What a role opens on pages that are for everybody, too, takes it as the desks do.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Looked up where somebody asks who it is, and not before."""
        request.user = SimpleLazyObject(partial(_user_of, request))  # type: ignore[assignment]
        return self._get_response(request)


def _user_of(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    user = get_user(request)
    if isinstance(user, User):
        user.gave_second_factor = _gave_second_factor(request, user)
    return user


class SecondFactorAdminSite(AdminSite):
    """Django's admin behind allauth's sign-in and a second factor."""

    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("What the town keeps")

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Take in guarded pages only.

        What other packages bring (groups, sign-in secrets) edits and deletes freely: it is left
        out. A page of our own that is not guarded is a mistake, and is said to be one.
        """
        if getattr(admin_class, "guarded", False):
            super().register(model_or_iterable, admin_class, **options)
            return
        module = getattr(admin_class, "__module__", "")
        if module.startswith(("civicfund.", "budgeting.")):
            raise ImproperlyConfigured(f"{module}: an admin page must be a ReadOnlyAdmin.")

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, active, and signed in with a second factor in this session."""
        return super().has_permission(request) and gave_second_factor(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Send to the step that is missing: signing in, setting up a second factor, giving it."""
        destination = request.GET.get("next", resolve_url("admin:index"))
        if not request.user.is_authenticated:
            return _redirect_with_next("account_login", destination)
        if not super().has_permission(request):
            raise PermissionDenied
        if gave_second_factor(request):
            return redirect("admin:index")
        if not is_mfa_enabled(request.user):
            return redirect("mfa_index")
        return _redirect_with_next("mfa_reauthenticate", destination)


def _redirect_with_next(view: str, destination: str) -> HttpResponse:
    return redirect(f"{resolve_url(view)}?{urlencode({'next': destination})}")
