"""What reconciliation holds of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import leaves_out


def declare() -> None:
    """Nothing that a copy shows."""
    leaves_out(
        _("Done as a treasurer; it stands among your acts."),
        "reconciliation.Explanation.requested_by",
    )
