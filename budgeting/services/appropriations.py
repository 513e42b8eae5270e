"""Setting money of the town's budget aside for a vote: two treasurers, while it is a draft."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.models import Cycle
from budgeting.selectors import pending_requests
from budgeting.selectors.appropriations import APPROPRIATE, SET, set_aside_for
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take_draft
from budgeting.services.second_person import pending_request_with
from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, record, request_act
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.people.enums import Role
from civicfund.people.models import User


@dataclass(frozen=True, slots=True)
class Asked:
    """What waits for a second treasurer: how much shall be set aside in all, by which decision."""

    request: ActRequest
    total_minor: int
    words: str


def appropriations_asked(cycle: Cycle) -> list[Asked]:
    """What a second treasurer may still agree to."""
    return [
        Asked(each, each.parameters["total_minor"], each.parameters["words"])
        for each in pending_requests(cycle, APPROPRIATE)
    ]


def request_appropriation(cycle: Cycle, *, total_minor: int, words: str, by: User) -> ActRequest:
    """One treasurer asks that so much be set aside for the vote in all; ``words`` say who decided.

    Nothing is in the books before another treasurer agrees.
    """
    require(by, Role.TREASURER)
    if not words.strip():
        raise RefusedError(_("Say which decision it rests on."), field="words")
    with transaction.atomic():
        held = take_draft(cycle)
        amount_minor = total_minor - (set_aside_for(held).aside_minor or 0)
        if not amount_minor:
            raise RefusedError(_("So much is set aside already."), field="total_minor")
        return request_act(
            APPROPRIATE, held, requested_by=by,
            total_minor=total_minor, amount_minor=amount_minor, words=words.strip(),
        )  # fmt: skip


def appropriate(cycle: Cycle, asked_id: int, *, by: User) -> int:
    """A second treasurer agrees, and the books say it; how much is set aside in all."""
    require(by, Role.TREASURER)
    with transaction.atomic():
        held = take_draft(cycle)
        asked = pending_request_with(held, APPROPRIATE, asked_id)
        total_minor, amount_minor = (
            int(asked.parameters[key]) for key in ("total_minor", "amount_minor")
        )
        if (set_aside_for(held).aside_minor or 0) + amount_minor != total_minor:
            raise RefusedError(_("Something else was set aside meanwhile: ask for it anew."))
        approve_act(asked, approved_by=by)
        post(
            SET,
            source_type="appropriation",
            source_id=str(asked.pk),
            legs=books.set_aside(held.pk, amount_minor),
            currency=held.currency,
        )
        record("cycle.appropriated", held, actor=by, amount_minor=total_minor)
    return total_minor
