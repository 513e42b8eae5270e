"""What Stripe tells us by itself, and what it could not: snapshots of API v1, thin events of v2.

https://docs.stripe.com/event-destinations
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import stripe
from django.conf import settings
from stripe.v2.core import Event, EventNotification

from civicfund.payments.domain import ForgedEventError, ProviderNews
from civicfund.payments.gateways.stripe.client import PER_PAGE, Calls, all_pages, ask, seconds

SIGNATURE_SECONDS = 300  # how old a webhook may be
THIN = "v2.core.event"
_ACCOUNT = "v2.core.account"
# What reading a body of another shape raises, in our lines or in the SDK's.
_MISSHAPEN = (ValueError, KeyError, TypeError, AttributeError)


class EventCalls(Calls):
    """Webhooks, and the logs of what they may have missed."""

    _livemode: bool

    def read_event(
        self, payload: bytes, signature: str, *, connected: bool = False
    ) -> ProviderNews:
        """The event that a webhook carries; ``ForgedEventError`` unless all is right with it.

        Events of connected accounts come to their own endpoint, under their own secret, and thin
        ones nowhere else.
        """
        secret = (
            settings.STRIPE_CONNECT_WEBHOOK_SECRET if connected else settings.STRIPE_WEBHOOK_SECRET
        )
        try:
            stripe.WebhookSignature.verify_header(payload, signature, secret, SIGNATURE_SECONDS)
            told = json.loads(payload)
            is_thin = told["object"] == THIN
            news = self._thin_news(payload, signature, secret) if is_thin else _news(told)
            livemode = told["livemode"]  # the SDK takes a thin event without it for a test
        except (stripe.SignatureVerificationError, *_MISSHAPEN) as error:
            raise ForgedEventError(type(error).__name__) from None
        if livemode is not self._livemode:
            raise ForgedEventError("it is of another mode than our key")
        if connected != (is_thin or bool(news.account)):
            raise ForgedEventError("it came to the other endpoint")
        return news

    def _thin_news(self, payload: bytes, signature: str, secret: str) -> ProviderNews:
        return _thin(
            self._client.parse_event_notification(payload, signature, secret, SIGNATURE_SECONDS)
        )

    def undelivered_news(self, types: Iterable[str], since: datetime) -> Iterator[ProviderNews]:
        """Events that no webhook of ours has taken, the newest first. 30 days back at most."""
        within: stripe.params.EventListParams = {
            "types": list(types),
            "delivery_success": False,
            "created": {"gte": seconds(since)},
            "limit": PER_PAGE,
        }
        events = all_pages(
            lambda after: self._client.v1.events.list(
                {**within, "starting_after": after} if after else within
            )
        )
        for event in events:
            yield ProviderNews(
                id=event.id,
                type=event.type,
                object_id=str(event.data.object["id"]),
                account=getattr(event, "account", None) or "",  # left out unless it is of another
                livemode=event.livemode,
                created_at=datetime.fromtimestamp(event.created, tz=UTC),
            )

    def thin_news(self, types: Iterable[str], since: datetime) -> Iterator[ProviderNews]:
        """Thin events since then: their log does not say which of them were taken."""
        found = ask(
            lambda: self._client.v2.core.events.list(
                {"types": list(types), "created": {"gte": _written(since)}, "limit": PER_PAGE}
            )
        )
        events = found.auto_paging_iter()
        while (event := ask(partial(next, events, None))) is not None:
            yield _thin(event)


def _news(told: dict[str, Any]) -> ProviderNews:
    """Our value of a snapshot event; its values are as open as JSON is."""
    return ProviderNews(
        id=told["id"],
        type=told["type"],
        object_id=told["data"]["object"]["id"],
        account=told.get("account") or "",
        livemode=told["livemode"],
        created_at=datetime.fromtimestamp(told["created"], tz=UTC),
    )


def _thin(event: Event | EventNotification) -> ProviderNews:
    """Our value of a thin event; it happened to the account that it is about."""
    about = getattr(event, "related_object", None)  # some types have none, and we act on no such
    return ProviderNews(
        id=event.id,
        type=event.type,
        object_id=about.id if about else "",
        account=about.id if about and about.type == _ACCOUNT else "",
        livemode=event.livemode,
        created_at=datetime.fromisoformat(event.created),
    )


def _written(at: datetime) -> str:
    """A moment as API v2 writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
