"""Backing a campaign without an account: by an address, and by the link that is mailed to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest as DjangoHttpRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from civicfund.people.models import User
from civicfund.people.requests import (
    HttpRequest,
    SignedInRequest,
    forget_guest,
    person_here,
    remember_guest,
)
from civicfund.pledges.access import guest_pledge
from civicfund.pledges.models import Pledge


class BackerRequest(DjangoHttpRequest):
    """A request of somebody who is signed in, or of a guest whom this browser knows."""

    backer: User


View = Callable[..., HttpResponse]


def backer_required(view: View) -> View:
    """Let through who is signed in, and guests; send anybody else to sign in."""

    @wraps(view)
    def check(request: HttpRequest | SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        backer = person_here(request)
        if backer is None:
            return redirect_to_login(request.get_full_path())
        cast(BackerRequest, request).backer = backer
        return view(request, *args, **kwargs)

    return check


@require_safe
@never_cache
def guest_link(request: HttpRequest, token: str) -> HttpResponse:
    """From a mail: open a guest's pledge, at an address that is clean.

    Once an account has claimed the pledge, the link leads to it, and signing in opens it.
    """
    return _open(request, guest_pledge(token), "")


@require_safe
@never_cache
def guest_update_link(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """From a mail about an update: the same, and on to the update."""
    pledge = guest_pledge(token)
    return _open(request, pledge, reverse("campaign_update", args=[pledge.campaign_id, number]))


def _open(request: HttpRequest, pledge: Pledge, address: str) -> HttpResponse:
    if pledge.backer.is_guest:
        remember_guest(request.session, pledge.backer)
    else:
        forget_guest(request.session)
    response = redirect(address or pledge)
    response["Referrer-Policy"] = "no-referrer"
    return response
