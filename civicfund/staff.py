"""Pages of the staff's own desks: a role, a second factor, and for grave acts a recent one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from civicfund.admin_site import SECOND_FACTOR_METHOD, gave_second_factor
from civicfund.people.access import may_give_roles
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import roles_of

Rest = ParamSpec("Rest")
View = Callable[Concatenate[SignedInRequest, Rest], HttpResponseBase]


# Whom a desk is for that no role opens.
SUPERUSER = "superuser"


def only(*roles: Role, superusers: bool = False) -> Callable[[View[Rest]], View[Rest]]:
    """Let those through who were given one of the roles and have given a second factor.

    ``superusers`` says that they may read it, too, without a role.
    """
    whom: dict[str, str | Promise] = {role: role.label for role in roles}
    if superusers:
        whom[SUPERUSER] = _("Superuser")

    def may(user: User) -> bool:
        return (superusers and may_give_roles(user)) or not roles_of(user).isdisjoint(roles)

    def decorate(view: View[Rest]) -> View[Rest]:
        return _guarded(view, may, whom)

    return decorate


def superusers_only(view: View[Rest]) -> View[Rest]:
    """Let those through who give roles, and have given a second factor."""
    return _guarded(view, may_give_roles, {SUPERUSER: _("Superuser")})


def _guarded(
    view: View[Rest], may: Callable[[User], bool], whom: Mapping[str, str | Promise]
) -> View[Rest]:
    """The page says for whom it is in ``desk_of``, so that every desk of the site can be found."""

    @login_required
    @wraps(view)
    def guarded(
        request: SignedInRequest, /, *given: Rest.args, **named: Rest.kwargs
    ) -> HttpResponseBase:
        if not may(request.user):
            raise PermissionDenied(", ".join(str(words) for words in whom.values()))
        if not gave_second_factor(request):
            return give_second_factor(request)
        return view(request, *given, **named)

    guarded.desk_of = frozenset(whom)  # type: ignore[attr-defined]  # a mark on a function
    return guarded


def give_second_factor(request: HttpRequest) -> HttpResponse:
    """To the page on which whoever signed in with a password alone gives it, and back to this."""
    query = urlencode({"next": request.get_full_path()})
    return redirect(f"{resolve_url('admin:login')}?{query}")


def second_factor_is_recent(request: HttpRequest) -> bool:
    """Whether a second factor was given within the last minutes, as grave acts ask for."""
    since = time.time() - settings.SECOND_FACTOR_RECENT_SECONDS
    return any(
        record.get("method") == SECOND_FACTOR_METHOD and record.get("at", 0) >= since
        for record in get_authentication_records(request, request.user)
    )


def ask_for_second_factor(request: HttpRequest, *, back: str = "") -> HttpResponse:
    """To the page that asks for it again, and back to this one or another."""
    query = urlencode({"next": back or request.path})
    return redirect(f"{resolve_url('mfa_reauthenticate')}?{query}")
