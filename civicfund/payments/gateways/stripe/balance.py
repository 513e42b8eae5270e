"""What Stripe says it did with our money, line by line.

https://docs.stripe.com/api/balance_transactions
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import stripe

from civicfund.payments.domain import BalanceLine, ProviderPayout
from civicfund.payments.gateways.stripe.client import PER_PAGE, Calls, all_pages, ask, seconds
from civicfund.payments.gateways.stripe.reading import id_of, to_balance_line, to_payout


class BalanceCalls(Calls):
    """Reading our balance, and what moved it."""

    def available_minor(self, currency: str) -> int:
        """What the provider would let us pay out now."""
        found = ask(lambda: self._client.v1.balance.retrieve())
        return sum(part.amount for part in found.available if part.currency == currency.lower())

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Every movement of our balance in a time, ``until`` excluded, the newest first."""
        within: stripe.params.BalanceTransactionListParams = {
            "created": {"gte": seconds(since), "lt": seconds(until)},
            "limit": PER_PAGE,
        }
        lines = all_pages(
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
