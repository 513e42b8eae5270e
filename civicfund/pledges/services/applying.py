"""What a payment intent says, made fact: the only writer of money facts about pledges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from civicfund.audit.services import advance, db_now
from civicfund.ledger import domain as books
from civicfund.ledger.services import alone_with_project, post
from civicfund.payments.domain import Failure, IntentStatus, PaymentIntent
from civicfund.payments.gateways import gateway
from civicfund.payments.services import note_orphan
from civicfund.pledges.domain import next_try
from civicfund.pledges.enums import (
    ATTEMPT_MOVES,
    CHARGED_PLEDGE,
    FAILED_PLEDGE,
    OPEN_ATTEMPT,
    OWED_PLEDGE,
    PLEDGE_MOVES,
    AttemptKind,
    AttemptState,
    PledgeState,
)
from civicfund.pledges.models import ChargeAttempt, Pledge
from civicfund.pledges.services.choosing import free_choice
from civicfund.pledges.services.fees import borne_by_project, town_fee_of
from civicfund.pledges.services.letters import tell_backer, tell_of_failure
from civicfund.pledges.services.locks import FORGET_AFTER, pledge_alone

NEEDS_OWNER = frozenset({"authentication_required", "payment_intent_authentication_failure"})
ASK_BANK_AGAIN = timedelta(hours=1)
# The provider forgets a key after a day: a failure it shows then is the answer that never came.
KEY_LIVES = timedelta(hours=23)


@dataclass(frozen=True)
class Answer:
    """What an attempt's own request was answered; no ``failure`` where it was not refused."""

    attempt_id: int
    request_id: str
    failure: Failure | None = None


def apply_payment_intent(intent: PaymentIntent, answer: Answer | None = None) -> Pledge | None:
    """Act on what the provider says of a charge: the worker, the webhook, the page and the sweep
    all end here. Returns the pledge, None where the intent is none of ours.

    Applying the same again, late or out of order, changes nothing. ``answer`` lets the worker that
    asked tell a new refusal from one that the intent has shown before.
    """
    found = Pledge.objects.filter(payment_intent_id=intent.id).only("pk").first()
    if found is None:
        if intent.status == IntentStatus.SUCCEEDED and "pledge" in intent.metadata:
            note_orphan(intent.id, "payment_of_no_pledge")
        return None
    with transaction.atomic():
        pledge = pledge_alone(found.pk)
        if _is_ours(pledge, intent):
            _APPLY.get(intent.status, _fail_if_refused)(pledge, intent, answer)
    pledge.refresh_from_db()
    return pledge


def _is_ours(pledge: Pledge, intent: PaymentIntent) -> bool:
    """Whether the intent asks for what was promised; an alert where it does not."""
    told = (intent.amount_minor, intent.currency, intent.customer_id, intent.metadata.get("pledge"))
    expected = (pledge.amount_minor, pledge.currency, pledge.customer_id, str(pledge.pk))
    if told == expected and intent.livemode == gateway().livemode:
        return True
    note_orphan(intent.id, "payment_intent_differs")
    return False


def _collect(pledge: Pledge, intent: PaymentIntent, answer: Answer | None) -> None:
    if pledge.state in CHARGED_PLEDGE:
        _book_fee(pledge, intent)
        return
    if pledge.state not in OWED_PLEDGE:
        note_orphan(intent.id, f"charged_though_{pledge.state}")
        return
    attempt = _open_attempt(pledge) or _attempt_on_page(pledge)
    _resolve(attempt, AttemptState.SUCCEEDED, answer, charge_id=intent.charge_id)
    _to_charging(pledge)
    advance(
        pledge, PledgeState.COLLECTED, PLEDGE_MOVES,
        actor=None, lease_until=None,
    )  # fmt: skip
    legs = books.charge(
        pledge.campaign.project_id, pledge.amount_minor, town_fee_minor=town_fee_of(pledge)
    )
    _post(pledge, "charge", legs)
    _end_promise(pledge)
    _book_fee(pledge, intent)
    tell_backer(pledge, "pledge_collected")


def _book_fee(pledge: Pledge, intent: PaymentIntent) -> None:
    """Book the provider's fee once it is known; until then a sweep asks again."""
    if pledge.fee_minor is not None:
        return
    fee_minor: int | None = None
    if intent.fee is not None and intent.fee.currency == pledge.currency:
        fee_minor = intent.fee.amount_minor
    elif intent.fee is not None:
        note_orphan(intent.id, "fee_in_another_currency")
        fee_minor = 0
    borne = _post_fee(pledge, fee_minor) if fee_minor else 0
    Pledge.objects.filter(pk=pledge.pk).update(
        fee_minor=fee_minor,
        project_fee_minor=borne,
        available_at=intent.fee.available_at if intent.fee else None,
        next_step_at=db_now() + ASK_BANK_AGAIN,
    )


def _post_fee(pledge: Pledge, fee_minor: int) -> int:
    """Book it to whom bears it; return the project's part."""
    project_id = pledge.campaign.project_id
    borne = borne_by_project(pledge, fee_minor)
    if borne:  # nobody pays out meanwhile what is not the project's any more
        alone_with_project(project_id)
    _post(pledge, "fee", books.fee(fee_minor, project_id=project_id, borne_minor=borne))
    return borne


def _wait_for_bank(pledge: Pledge, intent: PaymentIntent, answer: Answer | None) -> None:
    if pledge.state not in OWED_PLEDGE:
        note_orphan(intent.id, f"charged_though_{pledge.state}")
        return
    attempt = _open_attempt(pledge) or _attempt_on_page(pledge)
    if attempt.state != AttemptState.PROCESSING:
        _resolve(attempt, AttemptState.PROCESSING, answer, charge_id=intent.charge_id)
    again: dict[str, datetime | None] = {
        "lease_until": None, "next_step_at": db_now() + ASK_BANK_AGAIN
    }  # fmt: skip
    if pledge.state == PledgeState.PROCESSING:
        Pledge.objects.filter(pk=pledge.pk).update(**again)
        return
    _to_charging(pledge)
    advance(pledge, PledgeState.PROCESSING, PLEDGE_MOVES, actor=None, **again)


def _fail_if_refused(pledge: Pledge, intent: PaymentIntent, answer: Answer | None) -> None:
    """Nothing was charged: a failure where this is an answer, nothing where it is old news."""
    if pledge.state not in OWED_PLEDGE:
        return
    attempt = _open_attempt(pledge)
    if attempt is None:
        _note_failure_on_page(pledge, intent)
        return
    if answer is not None and answer.attempt_id == attempt.pk:
        failure = answer.failure
    else:
        failure = _unheard_answer(attempt, intent)
    if failure is not None:
        charge_id = intent.failure.charge_id if intent.failure else ""
        _fail(pledge, attempt, failure, charge_id=charge_id, answer=answer)


def _unheard_answer(attempt: ChargeAttempt, intent: PaymentIntent) -> Failure | None:
    """The intent's failure, where it is this attempt's and not an earlier one's."""
    shown = intent.failure
    if attempt.state == AttemptState.PROCESSING:
        return shown
    if shown is None or attempt.sent_at is None:
        return None
    is_new = bool(shown.charge_id) and not _is_known(attempt.pledge_id, shown.charge_id)
    return shown if is_new or attempt.sent_at < db_now() - KEY_LIVES else None


def _is_known(pledge_id: UUID, charge_id: str) -> bool:
    return ChargeAttempt.objects.filter(pledge=pledge_id, charge_id=charge_id).exists()


def _note_failure_on_page(pledge: Pledge, intent: PaymentIntent) -> None:
    """A try by the backer on the page failed: for staff to see; the pledge stays as it was."""
    shown = intent.failure
    if shown is None or not shown.charge_id or _is_known(pledge.pk, shown.charge_id):
        return
    attempt = _attempt_on_page(pledge)
    _resolve(attempt, _refused_state(shown), None, charge_id=shown.charge_id, failure=shown)


def fail_without_intent(attempt: ChargeAttempt, failure: Failure) -> None:
    """The provider would not even take the order: the pledge has failed, nothing was charged."""
    with transaction.atomic():
        pledge = pledge_alone(attempt.pledge_id)
        attempt.refresh_from_db()
        if pledge.state == PledgeState.CHARGING and attempt.state in OPEN_ATTEMPT:
            _fail(pledge, attempt, failure, charge_id="", answer=None)


def drop_without_intent(pledge: Pledge) -> None:
    """Give up a failed pledge for which no order was ever made: there is nothing to cancel."""
    with transaction.atomic():
        row = pledge_alone(pledge.pk)
        if row.state in FAILED_PLEDGE and not row.payment_intent_id:
            _end_as_dropped(row)


def _fail(
    pledge: Pledge,
    attempt: ChargeAttempt,
    failure: Failure,
    *,
    charge_id: str,
    answer: Answer | None,
) -> None:
    state = _refused_state(failure)
    if attempt.state == AttemptState.PROCESSING:
        state = AttemptState.DECLINED
    _resolve(attempt, state, answer, charge_id=charge_id, failure=failure)
    now = db_now()
    ends = pledge.recovery_ends_at or now + timedelta(days=settings.RECOVERY_DAYS)
    again = next_try(
        pledge.attempts.filter(kind=AttemptKind.AUTO).count(), now,
        code=failure.code, decline_code=failure.decline_code, advice_code=failure.advice_code,
    )  # fmt: skip
    advance(
        pledge, PledgeState(state), PLEDGE_MOVES,
        actor=None, lease_until=None, recovery_ends_at=ends, next_step_at=min(again or ends, ends),
    )  # fmt: skip
    tell_of_failure(pledge, attempt, ends)


def _drop(pledge: Pledge, intent: PaymentIntent, answer: Answer | None) -> None:
    """No charge can come of the intent any more: the promise is over."""
    if pledge.state not in OWED_PLEDGE:
        return
    attempt = _open_attempt(pledge)
    if attempt is not None:
        gone = Failure("canceled")
        _resolve(attempt, AttemptState.DECLINED, answer, charge_id="", failure=gone)
    if pledge.state not in FAILED_PLEDGE:
        _to_charging(pledge)
        advance(pledge, PledgeState.DECLINED, PLEDGE_MOVES, actor=None, recovery_ends_at=db_now())
    _end_as_dropped(pledge)


def _end_as_dropped(pledge: Pledge) -> None:
    """The caller holds the failed pledge's lock, and no charge can come of it any more."""
    advance(
        pledge, PledgeState.DROPPED, PLEDGE_MOVES,
        actor=None, lease_until=None, next_step_at=db_now() + FORGET_AFTER,
    )  # fmt: skip
    _end_promise(pledge)
    free_choice(pledge)
    tell_backer(pledge, "pledge_dropped")


Apply = Callable[[Pledge, PaymentIntent, Answer | None], None]
_APPLY: dict[IntentStatus, Apply] = {
    IntentStatus.SUCCEEDED: _collect,
    IntentStatus.PROCESSING: _wait_for_bank,
    IntentStatus.CANCELED: _drop,
}


def _refused_state(failure: Failure) -> AttemptState:
    if failure.code in NEEDS_OWNER:
        return AttemptState.ACTION_REQUIRED
    return AttemptState.DECLINED


def _open_attempt(pledge: Pledge) -> ChargeAttempt | None:
    return pledge.attempts.filter(state__in=OPEN_ATTEMPT).first()


def _attempt_on_page(pledge: Pledge) -> ChargeAttempt:
    """A row for a try that the backer made with the provider, beside our own."""
    n = pledge.attempts.count() + 1
    return ChargeAttempt.objects.create(
        pledge=pledge,
        n=n,
        kind=AttemptKind.ON_SESSION,
        idempotency_key=f"page:{pledge.pk}:{n}",
        parameters={"amount_minor": pledge.amount_minor, "currency": pledge.currency},
        api_version=gateway().api_version,
    )


def _resolve(
    attempt: ChargeAttempt,
    state: AttemptState,
    answer: Answer | None,
    *,
    charge_id: str,
    failure: Failure | None = None,
) -> None:
    """Write what came of an attempt."""
    mine = answer is not None and answer.attempt_id == attempt.pk
    said = failure or Failure("")
    advance(
        attempt, state, ATTEMPT_MOVES,
        actor=None,
        charge_id=charge_id,
        request_id=answer.request_id if mine and answer else attempt.request_id,
        code=said.code, decline_code=said.decline_code, advice_code=said.advice_code,
        resolved_at=None if state == AttemptState.PROCESSING else db_now(),
    )  # fmt: skip


def _to_charging(pledge: Pledge) -> None:
    if pledge.state in (PledgeState.DUE, *FAILED_PLEDGE):
        advance(pledge, PledgeState.CHARGING, PLEDGE_MOVES, actor=None)


def _end_promise(pledge: Pledge) -> None:
    _post(
        pledge,
        "promise_ended",
        books.promise_ended(pledge.campaign.project_id, pledge.amount_minor),
    )


def _post(pledge: Pledge, kind: str, legs: books.Legs) -> None:
    post(
        kind,
        source_type="pledge",
        source_id=str(pledge.pk),
        legs=legs,
        currency=pledge.currency,
    )
