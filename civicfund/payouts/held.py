"""What payouts hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import columns, erases, holds, leaves_out
from civicfund.payouts.models import PayoutAccount
from civicfund.payouts.services.forgetting import forget_payee, why_payouts_keep


def declare() -> None:
    """Say it."""
    erases(forget_payee, keeps=why_payouts_keep)
    holds(
        "payout_accounts", _("Accounts for receiving money"), PayoutAccount, "user",
        columns("status created_at approved_at"),
    )  # fmt: skip
    leaves_out(
        _("Done as a treasurer; it stands among your acts."),
        "payouts.Payout.requested_by",
        "payouts.Reversal.requested_by",
    )
