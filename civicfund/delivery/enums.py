"""How far a milestone has come."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reach(models.TextChoices):
    """Read off what was said of it and what somebody else found."""

    PLANNED = "planned", _("Planned")
    REPORTED = "reported", _("Said to be reached, not confirmed yet")
    REACHED = "reached", _("Reached")
