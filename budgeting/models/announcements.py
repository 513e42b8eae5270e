"""What the town writes to residents about a cycle, and what became of each mail."""

from __future__ import annotations

import json
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from budgeting.enums import AnnouncementState, MailingState
from budgeting.models.cycles import Cycle
from civicfund.places.models import Neighborhood

LONGEST_BODY = 10_000
_DECIDED = (MailingState.SENT, MailingState.FAILED, MailingState.SKIPPED)


class Announcement(models.Model):
    """A mail to residents who asked for such mail: of some places, or of all where none is named.

    Its words stay as they are once it is being sent.
    """

    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="announcements")
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    subject = models.CharField(_("subject"), max_length=120)
    body = models.TextField(_("words"), max_length=LONGEST_BODY)
    places = models.ManyToManyField(Neighborhood, related_name="+", blank=True)
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=AnnouncementState.choices,
        default=AnnouncementState.DRAFT,
    )
    created_at = models.DateTimeField(_("written"), db_default=Now())

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=AnnouncementState.values), name="announcement_state_known"
            ),
            # A line break would begin another header of the mail.
            models.CheckConstraint(
                condition=~Q(subject__regex=r"[[:cntrl:]]") & ~Q(subject=""),
                name="announcement_subject_is_one_line",
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def digest(self) -> str:
        """SHA-256 over the words and the places: who sends it says which version they saw."""
        places = sorted(self.places.values_list("pk", flat=True))
        return sha256(json.dumps([self.subject, self.body, places]).encode()).hexdigest()


class Mailing(models.Model):
    """One announcement to one person: taken by a worker before it is sent, and only once.

    What the mail server puts off (a 4xx answer, so nothing was sent) waits again until an instant.
    Somebody who is erased is no longer named; that a mail went out stays.
    """

    announcement = models.ForeignKey(Announcement, models.PROTECT, related_name="mailings")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=8, choices=MailingState.choices, default=MailingState.WAITING
    )
    taken_at = models.DateTimeField(_("taken"), null=True)
    decided_at = models.DateTimeField(_("sent or refused"), null=True)
    put_off = models.PositiveSmallIntegerField(_("times put off"), db_default=0)
    not_before = models.DateTimeField(_("not before"), null=True)
    # The kind of refusal, never an address.
    failure = models.CharField(_("why not"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("mailing")
        verbose_name_plural = _("mailings")
        indexes = [
            # What a worker takes next.
            models.Index(
                fields=["announcement", "id"],
                condition=Q(state=MailingState.WAITING),
                name="mailing_waiting",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["announcement", "recipient"], name="mailing_once"),
            models.CheckConstraint(
                condition=Q(state__in=MailingState.values), name="mailing_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=MailingState.WAITING, taken_at__isnull=True)
                | (~Q(state=MailingState.WAITING) & Q(taken_at__isnull=False)),
                name="mailing_taken_unless_waiting",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_DECIDED, decided_at__isnull=False)
                | (~Q(state__in=_DECIDED) & Q(decided_at__isnull=True)),
                name="mailing_decided_at_iff_decided",
            ),
            models.CheckConstraint(
                condition=Q(not_before__isnull=True) | Q(state=MailingState.WAITING),
                name="mailing_put_off_only_while_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id} to {self.recipient_id}"
