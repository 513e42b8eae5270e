"""The provider's events that something here acts on."""

from __future__ import annotations

from django.db import models


class EventType(models.TextChoices):
    """Events that are kept; an event of any other type is acknowledged and forgotten."""

    SETUP_SUCCEEDED = "setup_intent.succeeded"
    SETUP_CANCELED = "setup_intent.canceled"
    PAYMENT_SUCCEEDED = "payment_intent.succeeded"
    PAYMENT_FAILED = "payment_intent.payment_failed"
    PAYMENT_PROCESSING = "payment_intent.processing"
    PAYMENT_REQUIRES_ACTION = "payment_intent.requires_action"
    PAYMENT_CANCELED = "payment_intent.canceled"


SETUP_EVENTS = (EventType.SETUP_SUCCEEDED, EventType.SETUP_CANCELED)
PAYMENT_EVENTS = tuple(set(EventType) - set(SETUP_EVENTS))
