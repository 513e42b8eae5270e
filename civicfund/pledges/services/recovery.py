"""A pledge whose card failed: charged again on the page, or dropped when its time is up."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, Now
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.notices.models import Message
from civicfund.payments.domain import GatewayRefused, PaymentIntent, UnexpectedState
from civicfund.payments.gateways import gateway
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.pledges.domain import is_hopeless
from civicfund.pledges.enums import FAILED_PLEDGE
from civicfund.pledges.models import ChargeAttempt, Pledge
from civicfund.pledges.models.pledges import PledgeQuerySet
from civicfund.pledges.selectors import last_failure
from civicfund.pledges.services.applying import apply_payment_intent, drop_without_intent
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.intents import keep_intent
from civicfund.pledges.services.letters import tell_of_days_left
from civicfund.pledges.services.locks import pledge_alone

log = structlog.get_logger(__name__)

# Days after the first failure; on the day itself the failure is told.
REMINDER_DAYS = (2, 4, 6)
LOOK_LATER = timedelta(hours=1)


def start_recovery(pledge: Pledge) -> PaymentIntent:
    """The pledge's own payment intent, for its backer's page; calls the network.

    It is the intent that the automatic tries use, so that page and worker together charge once.
    Raises ``RefusedError`` where there is nothing to make good.
    """
    if pledge.state not in FAILED_PLEDGE or _is_over(pledge):
        raise RefusedError(_("There is nothing to pay for this pledge now."))
    try:
        intent = gateway().retrieve_payment_intent(keep_intent(pledge))
    except GatewayRefused as refusal:
        raise RefusedError(
            _("The payment provider cannot take this payment. Please write to us.")
        ) from refusal
    apply_payment_intent(intent)
    pledge.refresh_from_db()
    if pledge.state not in FAILED_PLEDGE:
        raise RefusedError(_("There is nothing to pay for this pledge now."))
    return intent


def try_now(pledge: Pledge, *, by: User) -> None:
    """Let a worker charge the same card again at once. Raises ``RefusedError`` where that cannot
    help, or where the week is over.
    """
    if not has_role(by, Role.TREASURER):
        raise RefusedError(_("Only a treasurer can do this."))
    with transaction.atomic():
        row = pledge_alone(pledge.pk)
        failed = last_failure(row)
        if row.state not in FAILED_PLEDGE or _is_over(row) or failed is None:
            raise RefusedError(_("There is nothing to charge for this pledge now."))
        if is_hopeless(failed.code, failed.decline_code, failed.advice_code):
            raise RefusedError(_("Only the backer can help here: trying this card again cannot."))
        Pledge.objects.filter(pk=row.pk).update(next_step_at=db_now(), woken_until=None)
        record("pledge.tried_again", row, actor=by)


def try_renewed_card(payment_method_id: str) -> int:
    """A bank has put new numbers to a card: charge what it failed for again at once; how many.

    What kept the old numbers from working is over, even where it was hopeless before.
    """
    failed = Pledge.objects.failed().filter(
        payment_method_id=payment_method_id, recovery_ends_at__gt=Now()
    )
    with transaction.atomic():
        rows = list(failed.select_for_update(of=("self",)).order_by("pk"))
        for row in rows:
            Pledge.objects.filter(pk=row.pk).update(next_step_at=db_now(), woken_until=None)
            record("pledge.card_renewed", row, actor=None)
    return len(rows)


def read_back(pledge: Pledge) -> Pledge:
    """Read back what has become of the pledge's payment; calls the network."""
    if pledge.payment_intent_id:
        apply_payment_intent(gateway().retrieve_payment_intent(pledge.payment_intent_id))
    return Pledge.objects.get(pk=pledge.pk)


def drop_if_over(pledge: Pledge) -> None:
    """Give a failed pledge up once its time is over; calls the network.

    The intent is cancelled first: only when no charge can come of it is the backer told that
    nothing will be charged. Should it have succeeded in the last moment, the pledge is collected.
    What the provider refuses is read back as well: where it still could be charged, a sweep comes
    back later.
    """
    if pledge.state not in FAILED_PLEDGE or not _is_over(pledge):
        return
    if not pledge.payment_intent_id:
        drop_without_intent(pledge)
        return
    try:
        gateway().cancel_payment_intent(pledge.payment_intent_id)
    except UnexpectedState:
        pass  # it has moved on, perhaps because the backer has just paid
    except GatewayRefused as refusal:
        log.error("pledge.not_cancelled", pledge=str(pledge.pk), code=refusal.code)
    apply_payment_intent(gateway().retrieve_payment_intent(pledge.payment_intent_id))
    still = Pledge.objects.failed().filter(pk=pledge.pk)
    still.update(next_step_at=db_now() + LOOK_LATER, woken_until=None)


def _is_over(pledge: Pledge) -> bool:
    return pledge.recovery_ends_at is not None and pledge.recovery_ends_at <= db_now()


def remind(most: int) -> int:
    """Remind backers whose card failed, two, four and six days after; return how many.

    Who has heard of another failed try within a day is left alone: that mail said the same.
    """
    now = db_now()
    told = 0
    for first, last in pairwise((*REMINDER_DAYS, settings.RECOVERY_DAYS)):
        for pledge in _to_remind(first, last, now, most - told):
            kind = f"recovery_day_{first}"
            if pledge.recovery_ends_at is not None:
                tell_of_days_left(pledge, kind, pledge.recovery_ends_at)
                told += 1
    return told


def _to_remind(first: int, last: int, now: datetime, most: int) -> PledgeQuerySet:
    """Failed that many days ago, and not reminded of it yet."""
    window = timedelta(days=settings.RECOVERY_DAYS)
    recent = ChargeAttempt.objects.filter(
        pledge=OuterRef("pk"), resolved_at__gt=now - timedelta(days=1)
    )
    told = Message.objects.filter(
        kind=f"recovery_day_{first}",
        source=Concat(Value("pledges.pledge:"), Cast(OuterRef("pk"), CharField())),
    )
    return (
        Pledge.objects.failed()
        .filter(
            ~Exists(recent),
            ~Exists(told),
            recovery_ends_at__lte=now + window - timedelta(days=first),
            recovery_ends_at__gt=now + window - timedelta(days=last),
        )
        .select_related("backer", "campaign__project")
        .order_by("recovery_ends_at")[:most]
    )
