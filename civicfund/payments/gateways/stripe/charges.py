"""Orders, and the charges that come of them."""

from __future__ import annotations

from collections.abc import Mapping

from civicfund.payments.domain import PaymentIntent
from civicfund.payments.gateways.stripe.client import Calls, ask
from civicfund.payments.gateways.stripe.reading import to_payment_intent


class ChargeCalls(Calls):
    """One order per pledge, of which at most one charge succeeds."""

    def create_payment_intent(
        self,
        *,
        amount_minor: int,
        currency: str,
        customer_id: str,
        key: str,
        metadata: Mapping[str, str],
        transfer_group: str,
    ) -> PaymentIntent:
        """Make an order without charging anything yet; the card comes with the confirmation."""
        made = ask(
            lambda: self._client.v1.payment_intents.create(
                {
                    "amount": amount_minor,
                    "currency": currency.lower(),
                    "customer": customer_id,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "metadata": dict(metadata),
                    "transfer_group": transfer_group,
                },
                {"idempotency_key": key},
            )
        )
        return to_payment_intent(made)

    def confirm_payment_intent(
        self, payment_intent_id: str, *, payment_method_id: str, key: str
    ) -> str:
        """Charge the card, its owner being away; return the request's id."""
        answer = ask(
            lambda: self._client.v1.payment_intents.confirm(
                payment_intent_id,
                {
                    "payment_method": payment_method_id,
                    "off_session": True,
                    "payment_method_options": {"card": {"stored_credential_usage": "unscheduled"}},
                },
                {"idempotency_key": key},
            )
        )
        return answer.last_response.request_id or "" if answer.last_response else ""

    def retrieve_payment_intent(self, payment_intent_id: str) -> PaymentIntent:
        """What Stripe says of it now, with its last charge and that charge's fee."""
        found = ask(
            lambda: self._client.v1.payment_intents.retrieve(
                payment_intent_id, {"expand": ["latest_charge.balance_transaction"]}
            )
        )
        return to_payment_intent(found)

    def cancel_payment_intent(self, payment_intent_id: str) -> None:
        """Make sure that no charge can come of it any more."""
        ask(
            lambda: self._client.v1.payment_intents.cancel(
                payment_intent_id, {"cancellation_reason": "abandoned"}
            )
        )
