"""What any payment provider must be able to do for us."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from civicfund.payments.domain import (
    BalanceLine,
    Capability,
    PaymentIntent,
    ProviderDispute,
    ProviderNews,
    ProviderPayout,
    ProviderRefund,
    ProviderReversal,
    ProviderTransfer,
    SetupIntent,
)


class PaymentGateway(Protocol):
    """Every call goes over the network and refuses to run inside a database transaction.

    ``key`` makes a call happen once at the provider, however often it is made. Every method raises
    the errors of ``payments.domain``.
    """

    @property
    def api_version(self) -> str:
        """The provider's interface that the calls are made in."""

    @property
    def livemode(self) -> bool:
        """Whether real cards are charged."""

    def create_customer(self, *, key: str, metadata: Mapping[str, str]) -> str:
        """Make a customer; return its id."""

    def create_setup_intent(
        self, *, customer_id: str, key: str, metadata: Mapping[str, str]
    ) -> SetupIntent:
        """Begin to save a card for charges when its owner is away."""

    def retrieve_setup_intent(self, setup_intent_id: str) -> SetupIntent:
        """What the provider says of it now, with the card once there is one."""

    def cancel_setup_intent(self, setup_intent_id: str) -> None:
        """Make sure that no card can be saved through it any more."""

    def detach_card(self, payment_method_id: str) -> None:
        """Forget a saved card: it can never be charged again."""

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

    def confirm_payment_intent(
        self, payment_intent_id: str, *, payment_method_id: str, key: str
    ) -> str:
        """Charge the card, its owner being away; return the request's id."""

    def retrieve_payment_intent(self, payment_intent_id: str) -> PaymentIntent:
        """What the provider says of it now, with its last charge and that charge's fee."""

    def cancel_payment_intent(self, payment_intent_id: str) -> None:
        """Make sure that no charge can come of it any more."""

    def create_refund(
        self, payment_intent_id: str, *, amount_minor: int, key: str, metadata: Mapping[str, str]
    ) -> ProviderRefund:
        """Give part or all of a charge back to the card that paid it."""

    def retrieve_refund(self, refund_id: str) -> ProviderRefund:
        """What the provider says of it now."""

    def refunds_of(self, payment_intent_id: str) -> list[ProviderRefund]:
        """Every refund of one order, the newest first."""

    def retrieve_dispute(self, dispute_id: str) -> ProviderDispute:
        """What the provider says of it now."""

    def create_account(
        self, *, key: str, country: str, email: str, metadata: Mapping[str, str]
    ) -> str:
        """A new recipient, who cannot be paid before the provider knows who they are."""

    def onboarding_link(self, account_id: str, *, return_url: str, refresh_url: str) -> str:
        """The provider's page on which the recipient says who they are; good for minutes."""

    def capability_of(self, account_id: str) -> Capability:
        """Whether transfers can be sent to the account now."""

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

    def transfers_of(self, transfer_group: str) -> list[ProviderTransfer]:
        """Every transfer of a group, the newest first."""

    def retrieve_transfer(self, transfer_id: str) -> ProviderTransfer:
        """What the provider says of it now."""

    def create_reversal(
        self, transfer_id: str, *, amount_minor: int, key: str, metadata: Mapping[str, str]
    ) -> ProviderReversal:
        """Take part or all of a transfer back from its recipient."""

    def reversals_of(self, transfer_id: str) -> list[ProviderReversal]:
        """Every reversal of a transfer, the newest first."""

    def reversed_transfer(self, reversal_id: str) -> str:
        """The id of the transfer that a reversal is of; empty where the provider knows none."""

    def retrieve_payout(self, payout_id: str) -> ProviderPayout:
        """What the provider says now of money that it sent to our own bank."""

    def available_minor(self, currency: str) -> int:
        """What the provider would let us pay out now."""

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Every movement of our balance in a time, ``until`` excluded, the newest first."""

    def balance_lines_of(self, object_id: str) -> list[BalanceLine]:
        """Every movement that one charge, refund, dispute or transfer has made, whenever."""

    def order_of(self, charge_id: str) -> str:
        """The id of the payment intent that a charge is of."""

    def undelivered_news(self, types: Iterable[str], since: datetime) -> Iterator[ProviderNews]:
        """Events that no webhook of ours has taken, the newest first. 30 days back at most."""

    def thin_news(self, types: Iterable[str], since: datetime) -> Iterator[ProviderNews]:
        """Thin events since then, whether a webhook of ours has taken them or not."""

    def read_event(
        self, payload: bytes, signature: str, *, connected: bool = False
    ) -> ProviderNews:
        """The event that a webhook carries; ``ForgedEventError`` unless all is right with it.

        ``connected`` is of the endpoint that hears of connected accounts; one that only says which
        account has changed comes to that alone.
        """
