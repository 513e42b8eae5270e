"""What Stripe says it did with our money, line by line, and what it could not tell us.

https://docs.stripe.com/api/balance_transactions
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import stripe

from civicfund.payments.domain import BalanceLine, ProviderNews, ProviderPayout
from civicfund.payments.gateways.stripe.client import Calls, ask
from civicfund.payments.gateways.stripe.reading import id_of, to_balance_line, to_payout

PER_PAGE = 100


Item = TypeVar("Item", bound=stripe.StripeObject)


class BalanceCalls(Calls):
    """Reading our balance, and the events that were not delivered."""

    def available_minor(self, currency: str) -> int:
        """What the provider would let us pay out now."""
        found = ask(lambda: self._client.v1.balance.retrieve())
        return sum(part.amount for part in found.available if part.currency == currency.lower())

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Every movement of our balance in a time, ``until`` excluded, the newest first."""
        within: stripe.params.BalanceTransactionListParams = {
            "created": {"gte": _seconds(since), "lt": _seconds(until)},
            "limit": PER_PAGE,
        }
        lines = _all_pages(
            lambda after: self._client.v1.balance_transactions.list(
                {**within, "starting_after": after} if after else within
            )
        )
        yield from map(to_balance_line, lines)

    def balance_lines_of(self, object_id: str) -> list[BalanceLine]:
        """Every movement that one charge, refund, dispute or transfer has made, whenever."""
        found = ask(
            lambda: self._client.v1.balance_transactions.list(
                {"source": object_id, "limit": PER_PAGE}
            )
        )
        return [to_balance_line(line) for line in found.data]

    def retrieve_payout(self, payout_id: str) -> ProviderPayout:
        """What Stripe says now of money that it sent to our own bank."""
        return to_payout(ask(lambda: self._client.v1.payouts.retrieve(payout_id)))

    def order_of(self, charge_id: str) -> str:
        """The id of the payment intent that a charge is of."""
        return id_of(ask(lambda: self._client.v1.charges.retrieve(charge_id)).payment_intent)

    def undelivered_news(self, types: Iterable[str], since: datetime) -> Iterator[ProviderNews]:
        """Events that no webhook of ours has taken, the newest first. 30 days back at most."""
        within: stripe.params.EventListParams = {
            "types": list(types),
            "delivery_success": False,
            "created": {"gte": _seconds(since)},
            "limit": PER_PAGE,
        }
        events = _all_pages(
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


def _all_pages(read: Callable[[str], stripe.ListObject[Item]]) -> Iterator[Item]:
    """The items of every page; each page is a request of its own, asked for when it is wanted."""
    after = ""
    while True:
        page = ask(partial(read, after))
        yield from page.data
        if not page.has_more:
            return
        after = str(page.data[-1]["id"])


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
