"""What plans hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.delivery.models import MilestoneReport
from civicfund.holdings import columns, holds, leaves_out


def declare() -> None:
    """Say it."""
    holds(
        "milestones", _("What you said of your projects' milestones"), MilestoneReport, "by",
        columns("milestone__project__title milestone__title at words"),
    )  # fmt: skip
    leaves_out(_("Done for the town; it stands among your acts."), "delivery.MilestoneVerdict.by")
