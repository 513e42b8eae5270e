"""What payments hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import leaves_out


def declare() -> None:
    """Nothing that a copy shows."""
    leaves_out(
        _("A number by which our payment provider knows you: it tells nothing about you."),
        "payments.Payer.user",
    )
    leaves_out(_("Done as a treasurer; it stands among your acts."), "payments.OrphanReview.by")
