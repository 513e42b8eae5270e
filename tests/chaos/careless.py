"""The control: collects as is often done, with a random key, a new order each time and no claim."""

from __future__ import annotations

from uuid import uuid4

from django.db import transaction

from civicfund.audit.services import advance
from civicfund.payments.domain import CardDeclined, GatewayError
from civicfund.payments.gateways import gateway
from civicfund.pledges.enums import PLEDGE_MOVES, PledgeState
from civicfund.pledges.models import Pledge


def settle_pledge(pledge: Pledge) -> None:
    """Charge it, then write down that it was charged: whoever dies in between charges twice."""
    order = gateway().create_payment_intent(
        amount_minor=pledge.amount_minor,
        currency=pledge.currency,
        customer_id=pledge.customer_id,
        key=uuid4().hex,
        metadata={"pledge": str(pledge.pk)},
        transfer_group=f"campaign-{pledge.campaign_id}",
    )
    try:
        gateway().confirm_payment_intent(
            order.id, payment_method_id=pledge.payment_method_id, key=uuid4().hex
        )
    except CardDeclined:
        _done(pledge, order.id)
        return
    except GatewayError:
        return  # no answer: next time is another try
    _done(pledge, order.id)


@transaction.atomic
def _done(pledge: Pledge, order_id: str) -> None:
    row = Pledge.objects.select_for_update().get(pk=pledge.pk)
    if row.state == PledgeState.DUE:
        advance(row, PledgeState.CHARGING, PLEDGE_MOVES, actor=None)
        Pledge.objects.filter(pk=row.pk).update(payment_intent_id=order_id, next_step_at=None)
