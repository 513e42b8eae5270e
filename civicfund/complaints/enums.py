"""What a complaint is about, and how it stands."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Concern(models.TextChoices):
    """What a complaint is about."""

    VOTE = "vote", _("A vote or its result")
    DECISION = "decision", _("A decision: a review, something refused or hidden")
    MONEY = "money", _("Money: a pledge, a charge, a payment")
    DATA = "data", _("What is kept about me")
    ACCESS = "access", _("A page that I cannot use")
    STAFF = "staff", _("How somebody who works for the town treated me")
    OTHER = "other", _("Something else")


class Standing(models.TextChoices):
    """How a look at a complaint stands, in words for whoever complained."""

    WAITING = "waiting", _("Waits for somebody to take it")
    TAKEN = "taken", _("Somebody looks into it")
    ANSWERED = "answered", _("Answered")
