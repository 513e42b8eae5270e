"""The kinds of request that views take."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest as DjangoHttpRequest
from rest_framework.request import Request

from civicfund.people.models import User


class HttpRequest(DjangoHttpRequest):
    """A request of anyone."""

    user: User | AnonymousUser


class SignedInRequest(DjangoHttpRequest):
    """A request that a decorator has let through because somebody is signed in."""

    user: User


_GUEST = "guest"


def remember_guest(session: SessionBase, guest: User) -> None:
    """Let this browser act as the guest, until its session ends or somebody signs in."""
    session[_GUEST] = guest.pk


def forget_guest(session: SessionBase) -> None:
    """Let this browser act as no guest any more."""
    session.pop(_GUEST, None)


def person_here(request: DjangoHttpRequest) -> User | None:
    """Who is signed in, or the guest whom this browser knows; None for anybody else."""
    if isinstance(request.user, User):
        return request.user
    if _GUEST not in request.session:
        return None
    guests = User.objects.exclude(guest_email="").filter(is_active=True)
    return guests.filter(pk=request.session[_GUEST]).first()


def person_of(request: Request) -> User:
    """Who calls the API, where a permission has let only people through."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
