"""Money that goes back: refunds, and charges that their payers dispute."""

from __future__ import annotations

from collections.abc import Mapping

from civicfund.payments.domain import ProviderDispute, ProviderRefund
from civicfund.payments.gateways.stripe.client import Calls, ask
from civicfund.payments.gateways.stripe.reading import to_dispute, to_refund

# More than any one charge has: a page of a list.
MOST_LISTED = 100


class RefundCalls(Calls):
    """Giving money of a charge back, and reading what became of it."""

    def create_refund(
        self, payment_intent_id: str, *, amount_minor: int, key: str, metadata: Mapping[str, str]
    ) -> ProviderRefund:
        """Give part or all of a charge back to the card that paid it."""
        made = ask(
            lambda: self._client.v1.refunds.create(
                {
                    "payment_intent": payment_intent_id,
                    "amount": amount_minor,
                    "metadata": dict(metadata),
                },
                {"idempotency_key": key},
            )
        )
        return to_refund(made)

    def retrieve_refund(self, refund_id: str) -> ProviderRefund:
        """What Stripe says of it now."""
        return to_refund(ask(lambda: self._client.v1.refunds.retrieve(refund_id)))

    def refunds_of(self, payment_intent_id: str) -> list[ProviderRefund]:
        """Every refund of one order, the newest first."""
        found = ask(
            lambda: self._client.v1.refunds.list(
                {"payment_intent": payment_intent_id, "limit": MOST_LISTED}
            )
        )
        return [to_refund(refund) for refund in found.data]

    def retrieve_dispute(self, dispute_id: str) -> ProviderDispute:
        """What Stripe says of it now."""
        return to_dispute(ask(lambda: self._client.v1.disputes.retrieve(dispute_id)))
