"""States of payouts, where their money comes from and how it leaves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    """Which of a project's money is paid out: the names that its accounts end in."""

    PLEDGES = "pledges", _("Pledges")
    AWARD = "award", _("Public budget")


class Method(models.TextChoices):
    """How it leaves."""

    TRANSFER = "transfer", _("Transfer by the payment provider")
    BANK = "bank", _("Bank payment by the town")
    KEPT = "kept", _("Kept: the town runs the project itself")


# What leaves by which way: what backers paid is with the provider, public money with the town.
METHODS = {
    Source.PLEDGES: (Method.TRANSFER, Method.KEPT),
    Source.AWARD: (Method.BANK, Method.KEPT),
}


class PayoutState(models.TextChoices):
    """From one person's request to money that has left."""

    WAITING = "waiting", _("Waits for a second person")
    APPROVED = "approved", _("Being paid")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Not made")


PAYOUT_MOVES: dict[PayoutState, frozenset[PayoutState]] = {
    PayoutState.WAITING: frozenset({PayoutState.APPROVED, PayoutState.CANCELLED}),
    # Called off only until it is sent: a trigger refuses it later.
    PayoutState.APPROVED: frozenset({PayoutState.PAID, PayoutState.FAILED, PayoutState.CANCELLED}),
    PayoutState.PAID: frozenset(),
    PayoutState.FAILED: frozenset(),
    PayoutState.CANCELLED: frozenset(),
}
OPEN_PAYOUT = (PayoutState.WAITING, PayoutState.APPROVED)


class Wait(models.TextChoices):
    """Why an approved transfer is not sent yet; the provider's own words stand as they are."""

    ACCOUNT = "account_not_payable", _("The provider does not pay this account now")
    CAPABILITY = (
        "insufficient_capabilities_for_transfer", _("The provider does not pay this account now")
    )  # fmt: skip
    MONEY = "money_not_released", _("The provider has not released the money yet")
    BALANCE = "balance_insufficient", _("The provider has not released the money yet")
    BOOKS = "books_do_not_add_up", _("The books do not add up")


# Time alone does not mend these: somebody has to write to the owner, or call it off.
NEEDS_SOMEBODY = (Wait.ACCOUNT, Wait.CAPABILITY)


class ReversalState(models.TextChoices):
    """A transfer that is taken back, from one person's request to money that is here again."""

    WAITING = "waiting", _("Waits for a second person")
    APPROVED = "approved", _("Being taken back")
    DONE = "done", _("Taken back")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Not taken back")


REVERSAL_MOVES: dict[ReversalState, frozenset[ReversalState]] = {
    ReversalState.WAITING: frozenset({ReversalState.APPROVED, ReversalState.CANCELLED}),
    ReversalState.APPROVED: frozenset({ReversalState.DONE, ReversalState.FAILED}),
    ReversalState.DONE: frozenset(),
    ReversalState.FAILED: frozenset(),
    ReversalState.CANCELLED: frozenset(),
}
# Those that count against what can still be taken back of a transfer.
LIVE_REVERSAL = (ReversalState.WAITING, ReversalState.APPROVED, ReversalState.DONE)


class AccountStatus(models.TextChoices):
    """What the provider thinks of an account, in its words."""

    ACTIVE = "active", _("Can be paid")
    PENDING = "pending", _("Being checked by the provider")
    RESTRICTED = "restricted", _("The provider needs to know more")
    UNSUPPORTED = "unsupported", _("The provider cannot pay it")
