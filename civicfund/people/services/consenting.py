"""Agreeing to the terms and the privacy page."""

from __future__ import annotations

from django.db import transaction

from civicfund.audit.services import record
from civicfund.people.models import PolicyConsent, User
from civicfund.policies import VERSION, digest


def agree(user: User) -> PolicyConsent:
    """Somebody agrees to the words as they are now; agreeing twice is agreeing once."""
    with transaction.atomic():
        consent, is_new = PolicyConsent.objects.get_or_create(
            user=user, version=VERSION, defaults={"digest": digest()}
        )
        User.objects.filter(pk=user.pk).update(agreed_to=VERSION)
        if is_new:
            record("policies.agreed", user, actor=user, version=VERSION)
    user.agreed_to = VERSION
    return consent


def has_to_be_asked(user: User) -> bool:
    """Whether somebody who signed up has not agreed to this version."""
    return user.agreed_to not in (None, VERSION)
