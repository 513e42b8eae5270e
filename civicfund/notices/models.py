"""The outbox of messages to people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from civicfund.notices.enums import ASKED_FOR, TOLD_WORDS, Topic


class OptOut(models.Model):
    """Somebody wants no mail about a topic; erased with the person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=16, choices=Topic.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "topic"], name="opt_out_once"),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="opt_out_topic_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: no {self.topic}"


class OptIn(models.Model):
    """Somebody asked for mail that nobody gets without asking; erased with the person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=16, choices=Topic.choices)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "topic"], name="opt_in_once"),
            models.CheckConstraint(
                condition=Q(topic__in=sorted(ASKED_FOR)), name="opt_in_topic_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.topic}"


class MessageQuerySet(models.QuerySet["Message"]):
    """Questions about messages."""

    def due(self) -> MessageQuerySet:
        """Not sent, not given up, and not waiting for a later try, by the database's clock."""
        return self.filter(
            sent_at__isnull=True, given_up_at__isnull=True, next_try_at__lte=Now()
        ).order_by("next_try_at", "pk")


class Message(models.Model):
    """One message to one person about one fact. The unique key makes telling twice impossible."""

    kind = models.CharField(max_length=64)
    source = models.CharField(max_length=64)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages")
    context = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    next_try_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "recipient"], name="message_told_once"
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(given_up_at__isnull=True),
                name="message_sent_or_given_up",
            ),
        ]
        indexes = [
            # The sweep that sends.
            models.Index(
                fields=["next_try_at"],
                condition=Q(sent_at__isnull=True, given_up_at__isnull=True),
                name="message_due",
            ),
            # Who was written to lately of what waits for a second person.
            models.Index(
                fields=["created_at"], condition=Q(kind="second_asked"), name="message_second_asked"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} about {self.source}"

    @property
    def kind_words(self) -> str:
        """What it tells, as people say it."""
        return str(TOLD_WORDS.get(self.kind, _("A mail")))
