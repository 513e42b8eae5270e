"""What payouts hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import columns, holds, leaves_out
from civicfund.payouts.models import PayoutAccount


def declare() -> None:
    """Say it."""
    holds(
        "payout_accounts", _("Accounts for receiving money"), PayoutAccount, "user",
        columns("status created_at approved_at"),
    )  # fmt: skip
    leaves_out(
        _("Done as a treasurer; it stands among your acts."),
        "payouts.Payout.requested_by",
        "payouts.Reversal.requested_by",
    )
