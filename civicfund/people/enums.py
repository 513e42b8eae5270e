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
    SPOKESPERSON = "spokesperson", _("Spokesperson")
    COMPLAINTS_OFFICER = "complaints_officer", _("Complaints officer")


class DocumentKind(models.TextChoices):
    """What is kept of a document that somebody sent."""

    PICTURE = "picture", _("Picture")
    PDF = "pdf", _("PDF")


class DocumentOutcome(models.TextChoices):
    """What became of a document; while it is empty, it waits for officers."""

    ACCEPTED = "accepted", _("It shows the home")
    REFUSED = "refused", _("It does not show the home")
    WITHDRAWN = "withdrawn", _("Not needed any more")
    EXPIRED = "expired", _("Not decided in time")


class Finding(models.TextChoices):
    """What an officer sees in a document."""

    SHOWS = "shows", _("It shows this person's home")
    OTHER_ADDRESS = "other_address", _("It shows another address")
    OTHER_NAME = "other_name", _("It shows another person's name")
    TOO_OLD = "too_old", _("It is older than three months")
    UNREADABLE = "unreadable", _("It cannot be read")


class Papers(models.TextChoices):
    """What an officer was shown by whoever stood before them. Kept in the trail."""

    CARD = "card", _("A card or passport that names this home")
    LETTER = "letter", _("A card or passport, and a bill, lease or letter with this address")
    REGISTER = "register", _("A certificate of the register of residents")
    OTHER = "other", _("Another paper of an authority that names them and this home")


class Proof(models.TextChoices):
    """How somebody's residence was proved."""

    OFFICER = "officer", _("Seen by an officer")
    ROLL = "roll", _("Matched with the voter roll")
    POSTED_CODE = "posted_code", _("Code sent by post")
    DOCUMENT = "document", _("Document reviewed")
