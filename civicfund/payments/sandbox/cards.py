"""The test cards and what each of them does.

Numbers and behaviour follow https://docs.stripe.com/testing; decline codes
https://docs.stripe.com/declines/codes; advice codes https://docs.stripe.com/declines/card.
"""

from __future__ import annotations

from dataclasses import dataclass

from civicfund.payments.sandbox.shapes import Obj

NEVER = "never"
ALWAYS = "always"  # at setup, and at every payment
UNLESS_SET_UP = "unless_set_up"  # at setup and on-session; not off-session once it is set up
ON_SESSION = "on_session"  # only when the payer is there; it counts as set up from the start


@dataclass(frozen=True)
class Decline:
    """Why an issuer refuses a card."""

    code: str
    decline_code: str
    message: str
    advice_code: str | None = None

    def as_error(self) -> Obj:
        """The fields that Stripe's error and an intent's last error share."""
        error: Obj = {
            "type": "card_error",
            "code": self.code,
            "message": self.message,
            "doc_url": f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}",
        }
        if self.decline_code:
            error["decline_code"] = self.decline_code
        if self.advice_code:
            error["advice_code"] = self.advice_code
        return error


def _declined(decline_code: str, message: str, advice_code: str | None = None) -> Decline:
    return Decline("card_declined", decline_code, message, advice_code)


DECLINES: dict[str, Decline] = {
    "generic_decline": _declined("generic_decline", "Your card was declined.", "try_again_later"),
    "insufficient_funds": _declined(
        "insufficient_funds", "Your card has insufficient funds.", "try_again_later"
    ),
    "lost_card": _declined("lost_card", "Your card was declined.", "do_not_try_again"),
    "stolen_card": _declined("stolen_card", "Your card was declined.", "do_not_try_again"),
    "pickup_card": _declined("pickup_card", "Your card was declined.", "do_not_try_again"),
    "do_not_honor": _declined("do_not_honor", "Your card was declined.", "try_again_later"),
    "card_velocity_exceeded": _declined(
        "card_velocity_exceeded", "Your card was declined for making repeated attempts too quickly."
    ),
    "expired_card": Decline("expired_card", "", "Your card has expired.", "confirm_card_data"),
    "incorrect_cvc": Decline(
        "incorrect_cvc", "", "Your card's security code is incorrect.", "confirm_card_data"
    ),
    "processing_error": Decline(
        "processing_error", "", "The card could not be processed just now. Please try again.",
        "try_again_later",
    ),
    "authentication_required": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class TestCard:
    """A test card: its number for browsers, its token for servers, and how it behaves."""

    number: str
    token: str
    label: str
    brand: str = "visa"
    refused: str = ""  # at setup, on attaching and on charging alike
    refused_charge: str = ""  # only when money is asked for
    authentication: str = NEVER
    dispute: str = ""
    refund: str = "succeeded"
    skips_pending: bool = False

    __test__ = False  # not a test class, whatever pytest makes of the name


CARDS = (
    TestCard("4242424242424242", "pm_card_visa", "Works"),
    TestCard("5555555555554444", "pm_card_mastercard", "Works (Mastercard)", "mastercard"),
    TestCard("4000056655665556", "pm_card_visa_debit", "Works (debit)"),
    TestCard("378282246310005", "pm_card_amex", "Works (American Express)", "amex"),
    TestCard(
        "4000002500003155",
        "pm_card_authenticationRequiredOnSetup",
        "Asks for 3-D Secure now, then works",
        authentication=UNLESS_SET_UP,
    ),
    TestCard(
        "4000002760003184",
        "pm_card_authenticationRequired",
        "Asks for 3-D Secure every time",
        authentication=ALWAYS,
    ),
    TestCard(
        "4000003800000446",
        "pm_card_authenticationRequiredSetupForOffSession",
        "Asks for 3-D Secure only while you are here",
        authentication=ON_SESSION,
    ),
    TestCard(
        "4000008260003178",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "3-D Secure now, too little money later",
        refused_charge="insufficient_funds",
        authentication=UNLESS_SET_UP,
    ),
    TestCard(
        "4000000000003220",
        "pm_card_threeDSecure2Required",
        "Asks for 3-D Secure when you pay",
        authentication=UNLESS_SET_UP,
    ),
    TestCard(
        "4000000000000341",
        "pm_card_chargeCustomerFail",
        "Is saved, then fails when charged",
        refused_charge="generic_decline",
    ),
    TestCard(
        "4000000000000002",
        "pm_card_visa_chargeDeclined",
        "Is declined",
        refused="generic_decline",
    ),
    TestCard(
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "Has too little money",
        refused="insufficient_funds",
    ),
    TestCard(
        "4000000000009987",
        "pm_card_visa_chargeDeclinedLostCard",
        "Is reported lost",
        refused="lost_card",
    ),
    TestCard(
        "4000000000009979",
        "pm_card_visa_chargeDeclinedStolenCard",
        "Is reported stolen",
        refused="stolen_card",
    ),
    TestCard(
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        "Was used too often",
        refused="card_velocity_exceeded",
    ),
    TestCard(
        "4000000000000069",
        "pm_card_chargeDeclinedExpiredCard",
        "Has expired",
        refused="expired_card",
    ),
    TestCard(
        "4000000000000127",
        "pm_card_chargeDeclinedIncorrectCvc",
        "Wrong security code",
        refused="incorrect_cvc",
    ),
    TestCard(
        "4000000000000119",
        "pm_card_chargeDeclinedProcessingError",
        "Cannot be processed",
        refused="processing_error",
    ),
    TestCard(
        "4000000000000077",
        "pm_card_bypassPending",
        "Works, the money is available at once",
        skips_pending=True,
    ),
    TestCard(
        "4000000000000259",
        "pm_card_createDispute",
        "Works, then is disputed as fraud",
        dispute="fraudulent",
    ),
    TestCard(
        "4000000000002685",
        "pm_card_createDisputeProductNotReceived",
        "Works, then is disputed as not received",
        dispute="product_not_received",
    ),
    TestCard(
        "4000000000007726",
        "pm_card_pendingRefund",
        "Works, a refund takes a while",
        refund="pending",
    ),
    TestCard(
        "4000000000005126",
        "pm_card_refundFail",
        "Works, a refund fails later",
        refund="failed",
    ),
)
# The cards that the card fields offer before one asks for more.
SHOWN_FIRST = frozenset(
    {
        "pm_card_visa",
        "pm_card_authenticationRequiredOnSetup",
        "pm_card_authenticationRequired",
        "pm_card_chargeCustomerFail",
        "pm_card_visa_chargeDeclined",
    }
)
BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {card.token: card for card in CARDS}


def passes_luhn(number: str) -> bool:
    """The check digit that every card number carries (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
