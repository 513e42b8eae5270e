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


class Wrong(models.TextChoices):
    """What may be wrong with a comment: why it is flagged, and why it is hidden."""

    INSULT = "insult", _("It insults or threatens people")
    PRIVATE = "private", _("It tells private things about somebody")
    ADVERT = "advert", _("It advertises, or was posted in many places")
    OFF_TOPIC = "off_topic", _("It has nothing to do with this")
    ILLEGAL = "illegal", _("It seems to be illegal")
    OTHER = "other", _("Something else")


class AppealOutcome(models.TextChoices):
    """What another moderator decided on an appeal."""

    UPHELD = "upheld", _("It stays hidden")
    LIFTED = "lifted", _("It is shown again")


class NewsKind(models.TextChoices):
    """What there is to tell."""

    COMMENT = "comment", _("A new comment")
    ANSWER = "answer", _("Somebody answered you")
    CITY = "city", _("The city answered a question")
    PROJECT = "project", _("A new project")


class Pace(models.TextChoices):
    """How often mail about what somebody follows comes."""

    INSTANT = "instant", _("At once")
    DAILY = "daily", _("Once a day")
    WEEKLY = "weekly", _("Once a week, on Mondays")
    NEVER = "never", _("Never: I look at my notices here")
