"""What mail may be about that people can do without."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Topic(models.TextChoices):
    """Mail that anybody may switch off. Mail about one's own money is not among it."""

    VOTING = "voting", _("Reminders to vote")
    FOLLOWING = "following", _("News of what I follow")
    BACKING = "backing", _("Updates of campaigns that I back")
    TOWN = "town", _("Announcements of the town about its votes")


# Mail that only those get who asked for it. All else comes until somebody switches it off.
ASKED_FOR = frozenset({Topic.TOWN})
