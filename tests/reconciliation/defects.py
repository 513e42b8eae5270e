"""Defects of ten kinds, sown into books that were right: at the provider, or in our rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from stripe import StripeClient

from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.payments.sandbox.process import SandboxProcess
from civicfund.payouts.enums import Method, PayoutState, Source
from civicfund.payouts.models import Payout, PayoutAccount
from civicfund.payouts.services.deciding import approve_payout, pay, request_payout
from civicfund.pledges.enums import AttemptKind, AttemptState, PledgeState, RefundReason
from civicfund.pledges.models import Campaign, ChargeAttempt, Pledge, Refund
from civicfund.pledges.services import steps
from civicfund.pledges.services.refunds import book_refund, refund_pledge
from tests.factories.payouts import new_treasurer
from tests.factories.pledges import OutcomeFactory, PledgeFactory
from tests.stripe.helpers import charge

AT_ONCE = "pm_card_bypassPending"


@dataclass
class Town:
    """A campaign whose pledges are collected, seen from both sides."""

    provider: SandboxProcess
    client: StripeClient
    campaign: Campaign
    collected: list[Pledge]
    owed: list[Pledge]

    @property
    def account(self) -> PayoutAccount:
        return PayoutAccount.objects.get(user=self.campaign.project.proposer)

    def next_collected(self) -> tuple[Pledge, str]:
        """A collected pledge that no defect has touched, and its charge."""
        pledge = self.collected.pop()
        return pledge, pledge.attempts.get(state=AttemptState.SUCCEEDED).charge_id

    def charged_elsewhere(self, amount: int = 2500, currency: str = "eur", **more: Any) -> str:
        """A charge at the provider that no service of ours has asked for."""
        intent = charge(self.client, AT_ONCE, amount, currency=currency, **more)
        return intent.latest_charge.id

    def noted(self, charge_id: str, amount: int = 2500, fee: int = 63) -> str:
        """Rows and entries as of a collected pledge that this charge is said to have paid."""
        OutcomeFactory._meta.model.objects.get(campaign=self.campaign)
        pledge = PledgeFactory(
            campaign=self.campaign, state=PledgeState.COLLECTED, amount_minor=amount
        )
        ChargeAttempt.objects.create(
            pledge=pledge, n=1, kind=AttemptKind.AUTO, state=AttemptState.SUCCEEDED,
            idempotency_key=uuid4().hex, parameters={}, api_version="", charge_id=charge_id,
        )  # fmt: skip
        entries = {"charge": books.charge(self.campaign.project_id, amount)}
        entries |= {"fee": books.fee(fee)} if fee else {}
        for kind, legs in entries.items():
            post(kind, source_type="pledge", source_id=str(pledge.pk), legs=legs, currency="EUR")
        return str(pledge.pk)


def fee_of(amount_minor: int) -> int:
    return (amount_minor * 15 + 500) // 1000 + 25


def answer_never_came(town: Town) -> tuple[str, str, str]:
    """A card was charged, and the worker that asked died before it heard so."""
    pledge = town.owed.pop()
    town.provider.control("faults", rules=[{"kind": "lose_response", "path": "/confirm$"}])
    steps.take_step(pledge.pk)
    town.provider.control("faults", rules=[])
    [made] = town.client.v1.charges.list({"customer": pledge.customer_id}).data
    return "charge", made.id, "healed"


def charge_of_nobody(town: Town) -> tuple[str, str, str]:
    return "charge", town.charged_elsewhere(), "not_booked"


def charged_once_more(town: Town) -> tuple[str, str, str]:
    """A second order for a pledge that has been paid, made past us."""
    pledge, _first = town.next_collected()
    again = town.charged_elsewhere(metadata={"pledge": str(pledge.pk)})
    return "charge", again, "not_booked"


def charge_that_never_was(town: Town) -> tuple[str, str, str]:
    made_up = f"ch_{uuid4().hex}"
    town.noted(made_up)
    return "charge", made_up, "not_at_provider"


def other_amount(town: Town) -> tuple[str, str, str]:
    made = town.charged_elsewhere(2400)
    town.noted(made, 2500)
    return "charge", made, "amount_differs"


def other_fee(town: Town) -> tuple[str, str, str]:
    made = town.charged_elsewhere(2500)
    town.noted(made, 2500, fee=fee_of(2500) - 1)
    return "charge", made, "fee_differs"


def other_currency(town: Town) -> tuple[str, str, str]:
    made = town.charged_elsewhere(2500, "usd")
    town.noted(made, 2500)
    return "charge", made, "currency_differs"


def refunded_by_hand(town: Town) -> tuple[str, str, str]:
    _pledge, made = town.next_collected()
    refund = town.client.v1.refunds.create({"charge": made, "amount": 500})
    return "refund", refund.id, "healed"


def refund_that_never_was(town: Town) -> tuple[str, str, str]:
    pledge, _charge = town.next_collected()
    refund = refund_pledge(pledge, by=new_treasurer(), amount_minor=500, reason=RefundReason.ASKED)
    made_up = f"re_{uuid4().hex}"
    Refund.objects.filter(pk=refund.pk).update(
        state="succeeded", refund_id=made_up, next_step_at=None
    )
    book_refund(refund, "refund_paid", books.refund_paid(500))
    return "refund", made_up, "not_at_provider"


def dispute_not_heard_of(town: Town) -> tuple[str, str, str]:
    _pledge, made = town.next_collected()
    town.provider.control("dispute", charge=made, reason="fraudulent")
    [opened] = town.client.v1.disputes.list({"charge": made}).data
    return "dispute_taken", opened.id, "healed"


def transferred_by_hand(town: Town) -> tuple[str, str, str]:
    made = town.client.v1.transfers.create(
        {"amount": 300, "currency": "eur", "destination": town.account.account_id}
    )
    return "transfer", made.id, "not_booked"


def transfer_that_never_was(town: Town) -> tuple[str, str, str]:
    payout = request_payout(
        town.campaign.project, by=new_treasurer(),
        source=Source.PLEDGES, method=Method.TRANSFER, amount_minor=400,
    )  # fmt: skip
    approve_payout(payout, by=new_treasurer())
    made_up = f"tr_{uuid4().hex}"
    row = Payout.objects.get(pk=payout.pk, state=PayoutState.APPROVED)
    pay(row, out_of=books.STRIPE_AVAILABLE, actor=None, transfer_id=made_up)
    return "transfer", made_up, "not_at_provider"


# What each sows: the movement, its object, and how it has to be found.
# A payout comes first: none is approved once other defects have broken a law of the books.
KINDS: list[Callable[[Town], tuple[str, str, str]]] = [
    transfer_that_never_was,
    answer_never_came,
    charge_of_nobody,
    charged_once_more,
    charge_that_never_was,
    other_amount,
    other_fee,
    other_currency,
    refunded_by_hand,
    refund_that_never_was,
    dispute_not_heard_of,
    transferred_by_hand,
]
