"""How much one person may say in a while."""

from __future__ import annotations

from datetime import timedelta

from allauth.core.ratelimit import consume
from django.http import HttpRequest
from django.utils import timezone

from civicfund.people.models import User

NEW_FOR = timedelta(days=7)


def may_write_now(request: HttpRequest, person: User) -> bool:
    """Whether this is not too much within the hour; an account of less than a week writes less."""
    is_new = timezone.now() - person.joined_at < NEW_FOR
    return bool(consume(request, action="comment_when_new" if is_new else "comment", user=person))
