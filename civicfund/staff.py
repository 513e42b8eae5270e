"""Pages of the staff's own desks: a role, a second factor, and for grave acts a recent one."""

from __future__ import annotations

import time
from collections.abc import Callable
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

from civicfund.admin_site import SECOND_FACTOR_METHOD, gave_second_factor
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import roles_of

Rest = ParamSpec("Rest")
View = Callable[Concatenate[SignedInRequest, Rest], HttpResponseBase]


SUPERUSER = "superuser"


def only(*roles: Role, superusers: bool = False) -> Callable[[View[Rest]], View[Rest]]:
    """Let those through who were given one of the roles and have given a second factor.

    ``superusers`` says that they may read it, too, without a role. The page says for whom it is in
    ``desk_of``, so that every desk of the site can be found.
    """

    def decorate(view: View[Rest]) -> View[Rest]:
        @login_required
        @wraps(view)
        def guarded(
            request: SignedInRequest, /, *given: Rest.args, **named: Rest.kwargs
        ) -> HttpResponseBase:
            is_let_in = superusers and request.user.is_superuser
            if not is_let_in and roles_of(request.user).isdisjoint(roles):
                raise PermissionDenied(", ".join(str(role.label) for role in roles))
            if not gave_second_factor(request):
                query = urlencode({"next": request.get_full_path()})
                return redirect(f"{resolve_url('admin:login')}?{query}")
            return view(request, *given, **named)

        readers = {*roles, SUPERUSER} if superusers else {*roles}
        guarded.desk_of = frozenset(readers)  # type: ignore[attr-defined]  # a mark on a function
        return guarded

    return decorate


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
