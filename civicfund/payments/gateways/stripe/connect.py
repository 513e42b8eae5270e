"""Accounts of those who receive money, and transfers to them.

Accounts v2 with separate charges and transfers: the town takes the charges and bears their fees,
refunds and disputes, and moves money on when it has been decided.
https://docs.stripe.com/connect/separate-charges-and-transfers
"""

from __future__ import annotations

from collections.abc import Mapping

from civicfund.payments.domain import Capability, ProviderTransfer
from civicfund.payments.gateways.stripe.client import Calls, ask
from civicfund.payments.gateways.stripe.reading import to_capability, to_transfer

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

    def retrieve_transfer(self, transfer_id: str) -> ProviderTransfer:
        """What Stripe says of it now."""
        return to_transfer(ask(lambda: self._client.v1.transfers.retrieve(transfer_id)))
