"""The kinds of request that views take."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest as DjangoHttpRequest

from civicfund.people.models import User


class HttpRequest(DjangoHttpRequest):
    """A request of anyone."""

    user: User | AnonymousUser


class SignedInRequest(DjangoHttpRequest):
    """A request that a decorator has let through because somebody is signed in."""

    user: User
