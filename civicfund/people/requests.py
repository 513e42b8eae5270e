"""The kinds of request that views take."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from allauth.core.ratelimit import consume
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest as DjangoHttpRequest
from django.utils import timezone
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


NEW_FOR = timedelta(days=7)


def may_now(request: DjangoHttpRequest, action: str, *, by: User) -> bool:
    """Whether this is not too much of one act; an account of less than a week does less.

    How much is ``action`` in ``ACCOUNT_RATE_LIMITS``, and ``action`` with ``_when_new``.
    """
    is_new = timezone.now() - by.joined_at < NEW_FOR
    return bool(consume(request, action=f"{action}_when_new" if is_new else action, user=by))


class OnlyInMemory(FileUploadHandler):
    """Keeps an upload off the disk. Of one that is too large nothing is kept beyond ``most``.

    Django would write a large upload to a file of its own first, readable and in the open.
    """

    def __init__(self, request: DjangoHttpRequest, *, most: int) -> None:
        super().__init__(request)
        self.most, self.held = most, io.BytesIO()

    def new_file(self, *given: Any, **named: Any) -> None:
        """Begin another one."""
        super().new_file(*given, **named)
        self.held = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a byte more than is allowed, so that it shows as too large."""
        left = self.most + 1 - self.held.tell()
        if left > 0:
            self.held.write(raw_data[:left])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """What was kept, with the size that was sent."""
        self.held.seek(0)
        return InMemoryUploadedFile(
            file=self.held,
            field_name=self.field_name,
            name=self.file_name or "document",
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
