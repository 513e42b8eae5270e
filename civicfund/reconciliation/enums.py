"""How our books and the provider's can differ."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Movement(models.TextChoices):
    """Why the provider moved money, in the words of ``payments.domain.MovementKind``."""

    CHARGE = "charge", _("Charge")
    REFUND = "refund", _("Refund")
    REFUND_RETURNED = "refund_returned", _("Refund that came back")
    DISPUTE_TAKEN = "dispute_taken", _("Taken in a dispute")
    DISPUTE_RETURNED = "dispute_returned", _("Given back after a dispute")
    TRANSFER = "transfer", _("Transfer")
    TRANSFER_RETURNED = "transfer_returned", _("Transfer that was taken back")
    WITHDRAWAL = "withdrawal", _("To the town's own bank")
    WITHDRAWAL_RETURNED = "withdrawal_returned", _("Back from the town's own bank")
    OTHER = "other", _("Something else")


class Defect(models.TextChoices):
    """What is wrong with one movement."""

    NOT_BOOKED = "not_booked", _("The provider has it, our books do not")
    NOT_AT_PROVIDER = "not_at_provider", _("Our books have it, the provider does not")
    AMOUNT_DIFFERS = "amount_differs", _("Another amount")
    FEE_DIFFERS = "fee_differs", _("Another fee")
    CURRENCY_DIFFERS = "currency_differs", _("Another currency")


class ExplanationState(models.TextChoices):
    """What a treasurer says of a difference: enough by itself, unless the books are corrected."""

    WAITING = "waiting", _("Waits for a second person")
    ACCEPTED = "accepted", _("Explained")
    CANCELLED = "cancelled", _("Not corrected")


EXPLANATION_MOVES: dict[ExplanationState, frozenset[ExplanationState]] = {
    ExplanationState.WAITING: frozenset({ExplanationState.ACCEPTED, ExplanationState.CANCELLED}),
    ExplanationState.ACCEPTED: frozenset(),
    ExplanationState.CANCELLED: frozenset(),
}
