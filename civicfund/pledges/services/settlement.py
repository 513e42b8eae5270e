"""Collecting one pledge: one payment intent for ever, made unconfirmed, kept, then confirmed.

No lock and no transaction is held while the provider is asked. A worker may die at any line:
what it had begun is found again by its rows, and the provider charges one intent at most once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from civicfund.audit.services import advance, db_now
from civicfund.payments.domain import (
    CardDeclined,
    Failure,
    GatewayRefused,
    GatewayUnavailable,
    RateLimited,
    UnexpectedState,
)
from civicfund.payments.gateways import gateway
from civicfund.pledges.enums import (
    ATTEMPT_MOVES,
    FAILED_PLEDGE,
    OPEN_ATTEMPT,
    OWED_PLEDGE,
    PLEDGE_MOVES,
    AttemptKind,
    AttemptState,
    PledgeState,
)
from civicfund.pledges.models import ChargeAttempt, Pledge
from civicfund.pledges.services.applying import (
    Answer,
    apply_payment_intent,
    fail_without_intent,
)
from civicfund.pledges.services.intents import keep_intent

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(minutes=2)
SLOW_DOWN = timedelta(seconds=5)


@dataclass(frozen=True)
class Claim:
    """One worker's turn at one pledge."""

    pledge: Pledge
    attempt: ChargeAttempt


def settle_pledge(pledge: Pledge) -> None:
    """Take the next step in collecting a pledge that is due; return quietly where none is.

    May run twice, at once, and after a crash at any point. Where the provider does not answer,
    the attempt stays open and a sweep comes back to it.
    """
    claim = _claim(pledge.pk)
    if claim is None:
        return
    try:
        _charge(claim, keep_intent(claim.pledge))
    except RateLimited:
        _put_off(claim, SLOW_DOWN)
    except GatewayUnavailable as error:
        log.warning("pledge.no_answer", pledge=str(pledge.pk), code=error.code)
        _put_off(claim, LOOK_AGAIN)
    except GatewayRefused as refusal:
        # Not even an order could be made: asking again will not help, its backer or staff may.
        log.error("pledge.refused", pledge=str(pledge.pk), code=refusal.code, said=str(refusal))
        fail_without_intent(claim.attempt, Failure(refusal.code or "refused"))


@transaction.atomic
def _claim(pledge_id: UUID) -> Claim | None:
    """Take the pledge for a while, with its open attempt or the next one; None where not due."""
    due = Pledge.objects.due().filter(pk=pledge_id, state__in=OWED_PLEDGE)
    given_up = Q(state__in=FAILED_PLEDGE, recovery_ends_at__lte=Now())
    pledge = due.exclude(given_up).select_for_update(skip_locked=True, of=("self",)).first()
    if pledge is None:
        return None
    attempt = pledge.attempts.filter(state__in=OPEN_ATTEMPT).first()
    if attempt is None:
        attempt = _plan(pledge)
    if pledge.state in (PledgeState.DUE, *FAILED_PLEDGE):
        advance(pledge, PledgeState.CHARGING, PLEDGE_MOVES, actor=None)
    lease = db_now() + timedelta(seconds=settings.SETTLEMENT_LEASE_SECONDS)
    # Comes up again by itself if this worker is never heard of again.
    Pledge.objects.filter(pk=pledge.pk).update(lease_until=lease, next_step_at=lease)
    return Claim(pledge, attempt)


def _plan(pledge: Pledge) -> ChargeAttempt:
    """The next try, its parameters frozen. The caller holds the pledge's lock."""
    n = pledge.attempts.count() + 1
    return ChargeAttempt.objects.create(
        pledge=pledge,
        n=n,
        kind=AttemptKind.AUTO,
        idempotency_key=f"cf:{pledge.pk}:{n}",
        parameters={
            "amount_minor": pledge.amount_minor,
            "currency": pledge.currency,
            "payment_method": pledge.payment_method_id,
        },
        api_version=gateway().api_version,
    )


def _charge(claim: Claim, intent_id: str) -> None:
    """Confirm, then believe what the intent says, whatever the answer was."""
    if claim.attempt.state != AttemptState.PLANNED:
        # Somebody has asked before and not heard: perhaps it is done.
        apply_payment_intent(gateway().retrieve_payment_intent(intent_id))
        claim.attempt.refresh_from_db()
        if claim.attempt.state not in (AttemptState.SENT, AttemptState.UNKNOWN):
            return
    answer = _confirm(claim.attempt, intent_id)
    apply_payment_intent(gateway().retrieve_payment_intent(intent_id), answer)
    claim.attempt.refresh_from_db()
    if claim.attempt.state == AttemptState.SENT:
        _put_off(claim, LOOK_AGAIN)


def _confirm(attempt: ChargeAttempt, intent_id: str) -> Answer:
    """Ask for the charge under the attempt's own key; what was answered, a refusal included."""
    _mark_sent(attempt)
    try:
        request_id = gateway().confirm_payment_intent(
            intent_id,
            payment_method_id=attempt.parameters["payment_method"],
            key=attempt.idempotency_key,
        )
    except CardDeclined as no:
        return Answer(attempt.pk, no.request_id, Failure(no.code, no.decline_code, no.advice_code))
    except UnexpectedState as moved:
        # The intent has moved on, perhaps because the backer paid on the page meanwhile.
        return Answer(attempt.pk, moved.request_id)
    except GatewayRefused as refusal:
        log.error("pledge.refused", attempt=attempt.pk, code=refusal.code, said=str(refusal))
        return Answer(attempt.pk, refusal.request_id, Failure(refusal.code or "refused"))
    return Answer(attempt.pk, request_id)


def _mark_sent(attempt: ChargeAttempt) -> None:
    if attempt.state == AttemptState.SENT:
        return
    first = attempt.sent_at or db_now()
    advance(attempt, AttemptState.SENT, ATTEMPT_MOVES, actor=None, sent_at=first)


@transaction.atomic
def _put_off(claim: Claim, wait: timedelta) -> None:
    """Leave the attempt open, as unanswered, and come back later."""
    pledge = Pledge.objects.select_for_update().get(pk=claim.pledge.pk)
    if pledge.state not in OWED_PLEDGE:
        return
    attempt = ChargeAttempt.objects.get(pk=claim.attempt.pk)
    if attempt.state == AttemptState.SENT:
        advance(attempt, AttemptState.UNKNOWN, ATTEMPT_MOVES, actor=None)
    Pledge.objects.filter(pk=pledge.pk).update(
        next_step_at=db_now() + wait, lease_until=None, woken_until=None
    )
