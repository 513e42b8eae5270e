"""What a payment provider says, in our words: frozen values and named refusals. Pure.

Amounts are in minor units; currencies are ISO 4217 codes in capitals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class IntentStatus(StrEnum):
    """How far a setup or payment intent has come at the provider."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


# Nothing can move an intent out of these.
FINAL = frozenset({IntentStatus.SUCCEEDED, IntentStatus.CANCELED})


@dataclass(frozen=True)
class Card:
    """What may be shown of a saved card."""

    brand: str
    last4: str


@dataclass(frozen=True)
class SetupIntent:
    """A card being saved. ``client_secret`` is for the payer's own page only."""

    id: str
    status: IntentStatus
    customer_id: str
    payment_method_id: str
    client_secret: str = field(repr=False)
    livemode: bool
    metadata: Mapping[str, str]
    card: Card | None


@dataclass(frozen=True)
class Failure:
    """Why the last try to charge failed; ``charge_id`` tells one failure from another."""

    code: str
    decline_code: str = ""
    advice_code: str = ""
    charge_id: str = ""


@dataclass(frozen=True)
class Fee:
    """What the provider kept of a charge, and when the rest can be paid out."""

    amount_minor: int
    currency: str
    available_at: datetime


@dataclass(frozen=True)
class PaymentIntent:
    """One order at the provider, of which at most one charge can succeed."""

    id: str
    status: IntentStatus
    amount_minor: int
    currency: str
    customer_id: str
    client_secret: str = field(repr=False)
    livemode: bool
    metadata: Mapping[str, str]
    charge_id: str
    failure: Failure | None
    fee: Fee | None


class RefundStatus(StrEnum):
    """How far money that is given back has come at the provider."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True)
class ProviderRefund:
    """Money of a charge on its way back; ``left_balance`` once the provider has taken it from us.

    ``came_back`` once a bank has refused it and the money is ours again.
    """

    id: str
    status: RefundStatus
    amount_minor: int
    currency: str
    payment_intent_id: str
    metadata: Mapping[str, str]
    failure_code: str
    left_balance: bool
    came_back: bool


@dataclass(frozen=True)
class Movement:
    """What the provider took from our balance, or gave back: amount and fee, both above zero."""

    amount_minor: int
    fee_minor: int


@dataclass(frozen=True)
class ProviderDispute:
    """A charge that its payer disputes with the bank; ``won`` is None until it is decided."""

    id: str
    amount_minor: int
    currency: str
    payment_intent_id: str
    reason: str
    livemode: bool
    evidence_due_at: datetime | None
    won: bool | None
    taken: Movement | None
    given_back: Movement | None


class Capability(StrEnum):
    """Whether the provider lets an account receive transfers."""

    ACTIVE = "active"
    PENDING = "pending"
    RESTRICTED = "restricted"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class ProviderTransfer:
    """Money that was moved from our balance to a connected account."""

    id: str
    amount_minor: int
    currency: str
    account_id: str
    reversed_minor: int
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class ProviderReversal:
    """Money of a transfer that was taken back from its recipient."""

    id: str
    transfer_id: str
    amount_minor: int
    currency: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class ProviderPayout:
    """Money of our balance that went to our own bank; ``came_back`` where that did not take it."""

    id: str
    amount_minor: int
    currency: str
    came_back: bool


class MovementKind(StrEnum):
    """Why the provider moved money of our balance."""

    CHARGE = "charge"
    REFUND = "refund"
    REFUND_RETURNED = "refund_returned"
    DISPUTE_TAKEN = "dispute_taken"
    DISPUTE_RETURNED = "dispute_returned"
    TRANSFER = "transfer"
    TRANSFER_RETURNED = "transfer_returned"
    WITHDRAWAL = "withdrawal"
    WITHDRAWAL_RETURNED = "withdrawal_returned"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One line of our balance at the provider; ``amount_minor`` is below zero where it leaves.

    The balance changes by the amount less the fee. ``object_id`` is what moved it: a charge, a
    refund, a dispute, a transfer.
    """

    id: str
    kind: MovementKind
    object_id: str
    amount_minor: int
    fee_minor: int
    currency: str
    created_at: datetime


@dataclass(frozen=True)
class ProviderNews:
    """An event whose signature was right. Only its pointer is kept; the object is read again."""

    id: str
    type: str
    object_id: str
    account: str
    livemode: bool
    created_at: datetime


class GatewayError(Exception):
    """The provider did not do what it was asked. ``code`` is its own word for why."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class CardDeclined(GatewayError):  # noqa: N818 -- it is an answer, and the name says which
    """The issuer said no to this card, this time."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        decline_code: str = "",
        advice_code: str = "",
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.decline_code = decline_code
        self.advice_code = advice_code


class ActionRequired(CardDeclined):
    """The issuer wants to see the card's owner before it says yes."""


class GatewayUnavailable(GatewayError):  # noqa: N818 -- it is a condition, and the name says which
    """No answer, or none that tells: it may have happened and it may not. Never shown as failed."""


class RateLimited(GatewayError):  # noqa: N818
    """Asked too fast; nothing was done."""


class UnexpectedState(GatewayError):  # noqa: N818
    """The object has moved on since it was read. Read it again."""


class GatewayRefused(GatewayError):  # noqa: N818
    """The request itself was wrong: it will be wrong again."""


class ForgedEventError(Exception):
    """A webhook whose signature, age or mode is not right."""
