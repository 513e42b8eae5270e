"""What people follow, and what there is to tell them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import AppendOnly
from civicfund.talk.enums import SAID, NewsKind, Pace
from civicfund.talk.models.threads import Comment, Thread


class Follow(models.Model):
    """Somebody wants to hear of a subject; erased with the person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="follows")
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["thread", "user"], name="follow_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.thread}"


class MailPace(models.Model):
    """How often somebody wants mail about what they follow; once a day where they never said."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="mail_pace"
    )
    pace = models.CharField(_("how often"), max_length=8, choices=Pace.choices)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pace__in=Pace.values), name="mail_pace_known")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.pace}"


class Fact(AppendOnly):
    """Something that happened to a subject and that its followers were told of, once.

    ``source`` names what it was learnt from: an event, a phase. Written together with its notices.
    """

    thread = models.ForeignKey(Thread, models.PROTECT, related_name="+")
    what = models.CharField(_("what"), max_length=24, choices=NewsKind.choices)
    source = models.CharField(_("learnt from"), max_length=64)
    at = models.DateTimeField(_("told"), db_default=Now())

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        constraints = [
            models.UniqueConstraint(fields=["source"], name="fact_told_once"),
            models.CheckConstraint(
                condition=Q(what__in=NewsKind.values) & ~Q(what__in=SAID), name="fact_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.thread}"


class News(models.Model):
    """One thing to tell one person, once: in the site, and by mail where it was not read before.

    It is a comment, or a fact.
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="news")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="+")
    comment = models.ForeignKey(Comment, models.CASCADE, null=True, related_name="+")
    fact = models.ForeignKey(Fact, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(_("what"), max_length=24, choices=NewsKind.choices)
    created_at = models.DateTimeField(_("told"), db_default=Now())
    read_at = models.DateTimeField(_("read"), null=True)
    mailed_at = models.DateTimeField(_("mailed"), null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            # My notices, newest first.
            models.Index(fields=["recipient", "-id"], name="news_of_recipient"),
            # The sweep that mails.
            models.Index(
                fields=["recipient"],
                condition=Q(mailed_at__isnull=True, read_at__isnull=True),
                name="news_to_mail",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "comment", "fact"],
                nulls_distinct=False,
                name="news_told_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=NewsKind.values), name="news_kind_known"),
            models.CheckConstraint(
                condition=Q(kind__in=SAID, comment__isnull=False, fact__isnull=True)
                | (~Q(kind__in=SAID) & Q(comment__isnull=True, fact__isnull=False)),
                name="news_of_a_comment_or_a_fact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id}: {self.kind} {self.thread}"
