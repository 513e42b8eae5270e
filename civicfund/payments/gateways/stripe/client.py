"""Requests to Stripe, each in its turn, and its refusals by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import stripe
from django.conf import settings
from django.db import connection
from stripe import StripeClient, StripeError

from civicfund.payments.domain import (
    ActionRequired,
    CardDeclined,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    RateLimited,
    UnexpectedState,
)
from civicfund.payments.gateways.pacing import TooBusyError, endpoint_of, take_turn

Answer = TypeVar("Answer")
Item = TypeVar("Item", bound=stripe.StripeObject)

PER_PAGE = 100
CONNECT_SECONDS = 5
READ_SECONDS = 25
RETRIES = 2
# What Stripe takes in a second of one account, every endpoint together.
LIVE_CALLS_IN_ALL, TEST_CALLS_IN_ALL = 100, 25

_NEEDS_OWNER = ("authentication_required", "payment_intent_authentication_failure")
_IN_PROGRESS = ("idempotency_key_in_use", "lock_timeout")
_MOVED_ON = ("payment_intent_unexpected_state", "setup_intent_unexpected_state")


class Calls:
    """A part of Stripe's interface; ``StripeGateway`` is all of them together."""

    _client: StripeClient


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


def paced_client(secret_key: str, api_base: str) -> StripeClient:
    """The SDK's client for a key, in the API version that the SDK was made for."""
    return StripeClient(
        secret_key,
        stripe_version=stripe.api_version,
        base_addresses={"api": api_base} if api_base else {},
        max_network_retries=RETRIES,
        http_client=PacedClient(
            secret_key, timeout=(CONNECT_SECONDS, READ_SECONDS), is_sandbox=bool(api_base)
        ),
    )


def ask(call: Callable[[], Answer]) -> Answer:
    """Make the call; give a refusal its name."""
    if connection.in_atomic_block:
        raise RuntimeError("no network call inside a database transaction")
    try:
        return call()
    except StripeError as error:
        raise _named(error) from error


def all_pages(read: Callable[[str], stripe.ListObject[Item]]) -> Iterator[Item]:
    """The items of every page; each page is a request of its own, asked for when it is wanted."""
    after = ""
    while True:
        page = ask(partial(read, after))
        yield from page.data
        if not page.has_more:
            return
        after = str(page.data[-1]["id"])


def seconds(at: datetime) -> int:
    """A moment as API v1 counts it."""
    return int(at.timestamp())


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
