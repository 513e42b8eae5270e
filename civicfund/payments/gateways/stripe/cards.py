"""Customers and their cards."""

from __future__ import annotations

from collections.abc import Mapping

from civicfund.payments.domain import SetupIntent
from civicfund.payments.gateways.stripe.client import Calls, ask
from civicfund.payments.gateways.stripe.reading import to_setup_intent


class CardCalls(Calls):
    """Saving cards for later, and forgetting them."""

    def create_customer(self, *, key: str, metadata: Mapping[str, str]) -> str:
        """Stripe gets no name and no address: an id of ours is enough."""
        made = ask(
            lambda: self._client.v1.customers.create(
                {"metadata": dict(metadata)}, {"idempotency_key": key}
            )
        )
        return made.id

    def create_setup_intent(
        self, *, customer_id: str, key: str, metadata: Mapping[str, str]
    ) -> SetupIntent:
        """Begin to save a card for charges when its owner is away."""
        made = ask(
            lambda: self._client.v1.setup_intents.create(
                {
                    "customer": customer_id,
                    "usage": "off_session",
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "payment_method_options": {"card": {"setup_credential_usage": "unscheduled"}},
                    "metadata": dict(metadata),
                },
                {"idempotency_key": key},
            )
        )
        return to_setup_intent(made)

    def retrieve_setup_intent(self, setup_intent_id: str) -> SetupIntent:
        """What Stripe says of it now, with the card once there is one."""
        found = ask(
            lambda: self._client.v1.setup_intents.retrieve(
                setup_intent_id, {"expand": ["payment_method"]}
            )
        )
        return to_setup_intent(found)

    def cancel_setup_intent(self, setup_intent_id: str) -> None:
        """Make sure that no card can be saved through it any more."""
        ask(
            lambda: self._client.v1.setup_intents.cancel(
                setup_intent_id, {"cancellation_reason": "abandoned"}
            )
        )

    def detach_card(self, payment_method_id: str) -> None:
        """Forget a saved card: it can never be charged again."""
        ask(lambda: self._client.v1.payment_methods.detach(payment_method_id))
