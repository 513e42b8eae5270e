"""Stripe: the only place that knows its SDK."""

from __future__ import annotations

from functools import lru_cache

import stripe

from civicfund.payments.gateways.stripe.balance import BalanceCalls
from civicfund.payments.gateways.stripe.cards import CardCalls
from civicfund.payments.gateways.stripe.charges import ChargeCalls
from civicfund.payments.gateways.stripe.client import ask, paced_client
from civicfund.payments.gateways.stripe.connect import ConnectCalls
from civicfund.payments.gateways.stripe.events import EventCalls
from civicfund.payments.gateways.stripe.refunds import RefundCalls


@lru_cache(maxsize=8)
def stripe_gateway(secret_key: str, api_base: str) -> StripeGateway:
    """The gateway for a key; ``api_base`` is empty for Stripe itself."""
    return StripeGateway(secret_key, api_base)


class StripeGateway(CardCalls, ChargeCalls, RefundCalls, ConnectCalls, BalanceCalls, EventCalls):
    """Stripe's API through its own SDK, in the version that the SDK was made for."""

    def __init__(self, secret_key: str, api_base: str) -> None:
        self._client = paced_client(secret_key, api_base)
        self._is_sandbox = bool(api_base)
        self._livemode = secret_key.startswith(("sk_live_", "rk_live_"))

    @property
    def livemode(self) -> bool:
        """Whether real cards are charged: the key says so."""
        return self._livemode

    @property
    def api_version(self) -> str:
        """The API version that the SDK pins."""
        return stripe.api_version

    def save_test_card(self, setup_intent_id: str, card: str) -> None:
        """Save one of Stripe's test cards (``pm_card_visa``) with no page: sandbox only."""
        if not self._is_sandbox:
            raise RuntimeError("test cards are saved without a page only in the sandbox")
        ask(
            lambda: self._client.v1.setup_intents.confirm(setup_intent_id, {"payment_method": card})
        )
