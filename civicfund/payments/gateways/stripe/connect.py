"""Accounts of those who receive money, and transfers to them.

Accounts v2 with separate charges and transfers: the town takes the charges and bears their fees,
refunds and disputes, and moves money on when it has been decided.
https://docs.stripe.com/connect/separate-charges-and-transfers
"""

from __future__ import annotations

from collections.abc import Mapping

import stripe

from civicfund.payments.domain import Capability, ProviderReversal, ProviderTransfer
from civicfund.payments.gateways.stripe.client import Calls, ask
from civicfund.payments.gateways.stripe.reading import (
    id_of,
    to_capability,
    to_reversal,
    to_transfer,
)

MOST_LISTED = 100


class ConnectCalls(Calls):
    """Onboarding recipients and paying them."""

    def create_account(
        self, *, key: str, country: str, email: str, metadata: Mapping[str, str]
    ) -> str:
        """A new recipient, who cannot be paid before the provider knows who they are."""
        made = ask(
            lambda: self._client.v2.core.accounts.create(
                {
                    "contact_email": email,
                    "dashboard": "express",
                    "identity": {"country": country.lower()},
                    "configuration": {
                        "recipient": {
                            "capabilities": {
                                "stripe_balance": {"stripe_transfers": {"requested": True}}
                            }
                        }
                    },
                    "defaults": {
                        "responsibilities": {
                            "fees_collector": "application",
                            "losses_collector": "application",
                        }
                    },
                    "metadata": dict(metadata),
                },
                {"idempotency_key": key},
            )
        )
        return made.id

    def onboarding_link(self, account_id: str, *, return_url: str, refresh_url: str) -> str:
        """The provider's page on which the recipient says who they are; good for minutes."""
        made = ask(
            lambda: self._client.v2.core.account_links.create(
                {
                    "account": account_id,
                    "use_case": {
                        "type": "account_onboarding",
                        "account_onboarding": {
                            "return_url": return_url,
                            "refresh_url": refresh_url,
                        },
                    },
                }
            )
        )
        return made.url

    def capability_of(self, account_id: str) -> Capability:
        """Whether transfers can be sent to the account now."""
        found = ask(
            lambda: self._client.v2.core.accounts.retrieve(
                account_id, {"include": ["configuration.recipient"]}
            )
        )
        return to_capability(found)

    def create_transfer(
        self,
        *,
        amount_minor: int,
        currency: str,
        account_id: str,
        transfer_group: str,
        key: str,
        metadata: Mapping[str, str],
    ) -> ProviderTransfer:
        """Move money that is available to a recipient."""
        made = ask(
            lambda: self._client.v1.transfers.create(
                {
                    "amount": amount_minor,
                    "currency": currency.lower(),
                    "destination": account_id,
                    "transfer_group": transfer_group,
                    "metadata": dict(metadata),
                },
                {"idempotency_key": key},
            )
        )
        return to_transfer(made)

    def transfers_of(self, transfer_group: str) -> list[ProviderTransfer]:
        """Every transfer of a group, the newest first."""
        found = ask(
            lambda: self._client.v1.transfers.list(
                {"transfer_group": transfer_group, "limit": MOST_LISTED}
            )
        )
        return [to_transfer(transfer) for transfer in found.auto_paging_iter()]

    def create_reversal(
        self, transfer_id: str, *, amount_minor: int, key: str, metadata: Mapping[str, str]
    ) -> ProviderReversal:
        """Take part or all of a transfer back from its recipient."""
        made = ask(
            lambda: self._client.v1.transfers.reversals.create(
                transfer_id,
                {"amount": amount_minor, "metadata": dict(metadata)},
                {"idempotency_key": key},
            )
        )
        return to_reversal(made)

    def reversals_of(self, transfer_id: str) -> list[ProviderReversal]:
        """Every reversal of a transfer, the newest first."""
        found = ask(
            lambda: self._client.v1.transfers.reversals.list(transfer_id, {"limit": MOST_LISTED})
        )
        return [to_reversal(reversal) for reversal in found.auto_paging_iter()]

    def reversed_transfer(self, reversal_id: str) -> str:
        """The id of the transfer that a reversal is of, by the line of our balance that it made."""
        found = ask(
            lambda: self._client.v1.balance_transactions.list(
                {"source": reversal_id, "limit": 1, "expand": ["data.source"]}
            )
        )
        source = found.data[0].source if found.data else None
        return id_of(source.transfer) if isinstance(source, stripe.TransferReversal) else ""

    def retrieve_transfer(self, transfer_id: str) -> ProviderTransfer:
        """What Stripe says of it now."""
        return to_transfer(ask(lambda: self._client.v1.transfers.retrieve(transfer_id)))
