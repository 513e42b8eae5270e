"""The kinds of request that views take."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
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


def person_of(request: Request) -> User:
    """Who calls the API, where a permission has let only people through."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
