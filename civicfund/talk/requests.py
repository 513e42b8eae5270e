"""How much one person may say in a while."""

from __future__ import annotations

from django.http import HttpRequest

from civicfund.people.models import User
from civicfund.people.requests import may_now


def may_write_now(request: HttpRequest, person: User) -> bool:
    """Whether this is not too much within the hour; an account of less than a week writes less."""
    return may_now(request, "comment", by=person)
