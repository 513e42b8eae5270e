"""What people talk about and follow."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubjectKind(models.TextChoices):
    """What a thread is about. A neighborhood is followed and not talked about."""

    PROJECT = "project", _("Project")
    CAMPAIGN = "campaign", _("Campaign")
    CYCLE = "cycle", _("Cycle")
    NEIGHBORHOOD = "neighborhood", _("Neighborhood")


TALKED_ABOUT = frozenset({SubjectKind.PROJECT, SubjectKind.CAMPAIGN, SubjectKind.CYCLE})
