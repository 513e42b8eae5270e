"""The one payment intent of a pledge."""

from __future__ import annotations

from civicfund.payments.gateways import gateway
from civicfund.pledges.models import Pledge


def keep_intent(pledge: Pledge) -> str:
    """The id of the pledge's one payment intent, made unconfirmed and kept by compare-and-set.

    Calls the network. It is made without a card, so that no card can make it fail. Should a crash
    make a second one, that is never confirmed and harmless.
    """
    if pledge.payment_intent_id:
        return pledge.payment_intent_id
    made = gateway().create_payment_intent(
        amount_minor=pledge.amount_minor,
        currency=pledge.currency,
        customer_id=pledge.customer_id,
        key=f"pi:{pledge.pk}",
        metadata={"pledge": str(pledge.pk), "campaign": str(pledge.campaign_id)},
        transfer_group=f"campaign-{pledge.campaign_id}",
    )
    Pledge.objects.filter(pk=pledge.pk, payment_intent_id="").update(payment_intent_id=made.id)
    pledge.refresh_from_db()
    return pledge.payment_intent_id
