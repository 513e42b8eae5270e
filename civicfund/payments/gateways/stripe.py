"""Stripe: the only place that knows its SDK."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import stripe
from django.conf import settings
from django.db import connection
from stripe import PaymentMethod, StripeClient, StripeError

from civicfund.payments.domain import (
    ActionRequired,
    Card,
    CardDeclined,
    Failure,
    Fee,
    ForgedEventError,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    IntentStatus,
    PaymentIntent,
    ProviderNews,
    RateLimited,
    SetupIntent,
    UnexpectedState,
)
from civicfund.payments.gateways.pacing import TooBusyError, endpoint_of, take_turn

Answer = TypeVar("Answer")

CONNECT_SECONDS = 5
READ_SECONDS = 25
RETRIES = 2
SIGNATURE_SECONDS = 300  # how old a webhook may be
# What Stripe takes in a second of one account, every endpoint together.
LIVE_CALLS_IN_ALL, TEST_CALLS_IN_ALL = 100, 25

_NEEDS_OWNER = ("authentication_required", "payment_intent_authentication_failure")
_IN_PROGRESS = ("idempotency_key_in_use", "lock_timeout")
_MOVED_ON = ("payment_intent_unexpected_state", "setup_intent_unexpected_state")


@lru_cache(maxsize=8)
def stripe_gateway(secret_key: str, api_base: str) -> StripeGateway:
    """The gateway for a key; ``api_base`` is empty for Stripe itself."""
    return StripeGateway(secret_key, api_base)


class PacedClient(stripe.RequestsClient):
    """The SDK's way to the network, each request in its turn: the SDK's own retries, too."""

    def __init__(self, secret_key: str, *, timeout: tuple[float, float], is_sandbox: bool) -> None:
        super().__init__(timeout=timeout)
        self._account = hashlib.sha256(secret_key.encode()).hexdigest()[:16]
        self._is_test_account = not is_sandbox and "_test_" in secret_key

    def request(  # type: ignore[override]  # as RequestsClient has it, which differs from its base
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,  # whatever the SDK has made of the parameters
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Wait for a turn, and send it. ``stripe.RateLimitError`` where none comes."""
        most = settings.PROVIDER_CALLS_IN_ALL or (
            TEST_CALLS_IN_ALL if self._is_test_account else LIVE_CALLS_IN_ALL
        )
        try:
            take_turn(self._account, endpoint_of(method, url), most_in_all=most)
        except TooBusyError as busy:
            said = f"{busy} has no room"
            raise stripe.RateLimitError(said, http_status=429, code="rate_limit") from None
        return super().request(method, url, headers, post_data)


class StripeGateway:
    """Stripe's API through its own SDK, in the version that the SDK was made for."""

    def __init__(self, secret_key: str, api_base: str) -> None:
        self._client = StripeClient(
            secret_key,
            stripe_version=stripe.api_version,
            base_addresses={"api": api_base} if api_base else {},
            max_network_retries=RETRIES,
            http_client=PacedClient(
                secret_key, timeout=(CONNECT_SECONDS, READ_SECONDS), is_sandbox=bool(api_base)
            ),
        )
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

    def create_customer(self, *, key: str, metadata: Mapping[str, str]) -> str:
        """Stripe gets no name and no address: an id of ours is enough."""
        made = _ask(
            lambda: self._client.v1.customers.create(
                {"metadata": dict(metadata)}, {"idempotency_key": key}
            )
        )
        return made.id

    def create_setup_intent(
        self, *, customer_id: str, key: str, metadata: Mapping[str, str]
    ) -> SetupIntent:
        """Begin to save a card for charges when its owner is away."""
        made = _ask(
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
        return _setup_intent(made)

    def retrieve_setup_intent(self, setup_intent_id: str) -> SetupIntent:
        """What Stripe says of it now, with the card once there is one."""
        found = _ask(
            lambda: self._client.v1.setup_intents.retrieve(
                setup_intent_id, {"expand": ["payment_method"]}
            )
        )
        return _setup_intent(found)

    def cancel_setup_intent(self, setup_intent_id: str) -> None:
        """Make sure that no card can be saved through it any more."""
        _ask(
            lambda: self._client.v1.setup_intents.cancel(
                setup_intent_id, {"cancellation_reason": "abandoned"}
            )
        )

    def detach_card(self, payment_method_id: str) -> None:
        """Forget a saved card: it can never be charged again."""
        _ask(lambda: self._client.v1.payment_methods.detach(payment_method_id))

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
        made = _ask(
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
        return _payment_intent(made)

    def confirm_payment_intent(
        self, payment_intent_id: str, *, payment_method_id: str, key: str
    ) -> str:
        """Charge the card, its owner being away; return the request's id."""
        answer = _ask(
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
        found = _ask(
            lambda: self._client.v1.payment_intents.retrieve(
                payment_intent_id, {"expand": ["latest_charge.balance_transaction"]}
            )
        )
        return _payment_intent(found)

    def cancel_payment_intent(self, payment_intent_id: str) -> None:
        """Make sure that no charge can come of it any more."""
        _ask(
            lambda: self._client.v1.payment_intents.cancel(
                payment_intent_id, {"cancellation_reason": "abandoned"}
            )
        )

    def save_test_card(self, setup_intent_id: str, card: str) -> None:
        """Save one of Stripe's test cards (``pm_card_visa``) with no page: sandbox only."""
        if not self._is_sandbox:
            raise RuntimeError("test cards are saved without a page only in the sandbox")
        _ask(
            lambda: self._client.v1.setup_intents.confirm(setup_intent_id, {"payment_method": card})
        )

    def read_event(self, payload: bytes, signature: str) -> ProviderNews:
        """The event that a webhook carries; ``ForgedEventError`` unless all is right with it."""
        secret = settings.STRIPE_WEBHOOK_SECRET
        try:
            stripe.WebhookSignature.verify_header(payload, signature, secret, SIGNATURE_SECONDS)
            event = json.loads(payload)
            news = ProviderNews(
                id=event["id"],
                type=event["type"],
                object_id=event["data"]["object"]["id"],
                account=event.get("account") or "",
                livemode=event["livemode"],
                created_at=datetime.fromtimestamp(event["created"], tz=UTC),
            )
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError) as error:
            raise ForgedEventError(type(error).__name__) from None
        if news.livemode != self._livemode:
            raise ForgedEventError("it is of another mode than our key")
        return news


def _ask(call: Callable[[], Answer]) -> Answer:
    """Make the call; give a refusal its name."""
    if connection.in_atomic_block:
        raise RuntimeError("no network call inside a database transaction")
    try:
        return call()
    except StripeError as error:
        raise _named(error) from error


def _named(error: StripeError) -> GatewayError:
    """The error in our words, by its body: the SDK's classes do not tell enough."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    said = body.get("error") or {}
    code = said.get("code") or error.code or ""
    message, request_id = str(error.user_message or error), error.request_id or ""
    if code in _NEEDS_OWNER or said.get("type") == "card_error":
        kind = ActionRequired if code in _NEEDS_OWNER else CardDeclined
        return kind(
            message,
            code=code,
            request_id=request_id,
            decline_code=said.get("decline_code") or "",
            advice_code=said.get("advice_code") or "",
        )
    return _kind(error.http_status, code)(message, code=code, request_id=request_id)


def _kind(status: int | None, code: str) -> type[GatewayError]:
    """Which refusal it is when no card is at fault."""
    if code in _MOVED_ON:
        return UnexpectedState
    if status == 429 or code == "rate_limit":
        return RateLimited
    if status in (400, 402, 404) and code not in _IN_PROGRESS:
        return GatewayRefused
    return GatewayUnavailable


def _setup_intent(intent: stripe.SetupIntent) -> SetupIntent:
    method = intent.payment_method
    return SetupIntent(
        id=intent.id,
        status=IntentStatus(intent.status),
        customer_id=_id(intent.customer),
        payment_method_id=_id(method),
        client_secret=intent.client_secret or "",
        livemode=intent.livemode,
        metadata=_metadata(intent.metadata),
        card=_card(method) if isinstance(method, PaymentMethod) else None,
    )


def _card(method: PaymentMethod) -> Card | None:
    return Card(brand=method.card.brand, last4=method.card.last4 or "") if method.card else None


def _payment_intent(intent: stripe.PaymentIntent) -> PaymentIntent:
    return PaymentIntent(
        id=intent.id,
        status=IntentStatus(intent.status),
        amount_minor=intent.amount,
        currency=intent.currency.upper(),
        customer_id=_id(intent.customer),
        client_secret=intent.client_secret or "",
        livemode=intent.livemode,
        metadata=_metadata(intent.metadata),
        charge_id=_id(intent.latest_charge),
        failure=_failure(intent),
        fee=_fee(intent.latest_charge),
    )


def _failure(intent: stripe.PaymentIntent) -> Failure | None:
    error = intent.last_payment_error
    if error is None:
        return None
    # A field that has nothing to say may be left out, and asking for it would raise.
    said = error.to_dict()
    return Failure(
        code=said.get("code") or "",
        decline_code=said.get("decline_code") or "",
        advice_code=said.get("advice_code") or "",
        charge_id=said.get("charge") or "",
    )


def _fee(charge: str | stripe.Charge | None) -> Fee | None:
    """The fee of a charge that succeeded, once Stripe has settled what it is."""
    if not isinstance(charge, stripe.Charge) or not charge.paid:
        return None
    line = charge.balance_transaction
    if not isinstance(line, stripe.BalanceTransaction):
        return None
    return Fee(amount_minor=line.fee, currency=line.currency.upper())


def _metadata(given: stripe.StripeObject | dict[str, str] | None) -> dict[str, str]:
    return given.to_dict() if isinstance(given, stripe.StripeObject) else given or {}


def _id(reference: str | stripe.StripeObject | None) -> str:
    """The id of what may be an id, an object or nothing."""
    if reference is None or isinstance(reference, str):
        return reference or ""
    return str(reference["id"])
