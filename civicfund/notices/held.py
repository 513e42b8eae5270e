"""What notices hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import columns, erases, holds
from civicfund.notices.models import Message, OptIn, OptOut
from civicfund.notices.services import forget_recipient


def declare() -> None:
    """Say it. What a mail said stands in the mail; its links open things by themselves."""
    erases(forget_recipient)
    holds(
        "mails", _("Mails that we wrote to you"), Message, "recipient",
        columns("kind created_at sent_at"),
    )  # fmt: skip
    holds("wanted_mails", _("What you asked for mail about"), OptIn, "user", columns("topic"))
    holds("unwanted_mails", _("What you want no mail about"), OptOut, "user", columns("topic"))
