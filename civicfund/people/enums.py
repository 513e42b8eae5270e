"""What people may be, and how a residence was proved."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Granted roles. Resident and backer are not granted: living here and pledging make them."""

    BUDGET_ADMINISTRATOR = "budget_administrator", _("Budget administrator")
    REVIEWER = "reviewer", _("Reviewer")
    TREASURER = "treasurer", _("Treasurer")
    MODERATOR = "moderator", _("Moderator")
    POLL_OFFICER = "poll_officer", _("Poll officer")
    CLERK = "clerk", _("Clerk")
    CERTIFIER = "certifier", _("Certifier")
    OBSERVER = "observer", _("Observer")


class Proof(models.TextChoices):
    """How somebody's residence was proved."""

    OFFICER = "officer", _("Seen by an officer")
    ROLL = "roll", _("Matched with the voter roll")
    POSTED_CODE = "posted_code", _("Code sent by post")
    DOCUMENT = "document", _("Document reviewed")
