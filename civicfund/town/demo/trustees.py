"""The made-up town's trustees: three who are no people, and who hand in their parts at once.

In a real town three people keep the parts on paper. Here the key of each vote follows from the
site's secret, so that the demo can open its votes by itself, and nobody should trust it with more.
"""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

from budgeting.domain.naming import NamedTrustee
from budgeting.domain.sealing import public_key_of
from budgeting.domain.trustee import answer_of, split
from budgeting.enums import TrusteePair
from budgeting.models import Cycle
from budgeting.services.trustees import give_key, pass_rehearsal
from budgeting.services.unsealing import Unsealed, Watcher, unseal
from civicfund.people.models import User

MADE_UP = (
    NamedTrustee("Aster Nobody", "a made-up parish council"),
    NamedTrustee("Bryony Nobody", "a made-up chamber of trade"),
    NamedTrustee("Clover Nobody", "made-up friends of the library"),
)


def give_demo_key(cycle: Cycle, *, by: User) -> None:
    """The trustees make a key for the vote, and each pair opens its test box."""
    key = give_key(cycle, public_key_of(_secret(cycle)), MADE_UP, by=by)
    for rehearsal in key.rehearsals.all():
        answer = answer_of(rehearsal.box, _secret(cycle))
        pass_rehearsal(cycle, TrusteePair(rehearsal.pair), answer, by=by)


def open_as_trustees(cycle: Cycle, *, on_opened: Watcher = lambda done, total: None) -> Unsealed:
    """Two of the trustees hand in their parts."""
    return unseal(cycle, split(_secret(cycle))[:2], on_opened=on_opened)


def _secret(cycle: Cycle) -> bytes:
    message = f"demo trustees of {cycle.slug}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), message, hashlib.sha256)
