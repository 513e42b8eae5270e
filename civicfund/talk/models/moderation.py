"""What people find wrong with comments, and what moderators did about it."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from civicfund.projects.models import Hidden, HiddenQuerySet, Report, ReportQuerySet
from civicfund.talk.models.threads import Comment


class Flag(Report):
    """Somebody tells the moderators of a comment."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="flags")

    objects = ReportQuerySet["Flag"].as_manager()

    class Meta(Report.Meta):
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        indexes = [
            # The moderators' queue.
            models.Index(
                fields=["created_at"], condition=Q(handled_at__isnull=True), name="flag_waiting"
            ),
        ]
        constraints = [
            *Report.Meta.constraints,
            models.UniqueConstraint(fields=["comment", "reporter"], name="flag_once_per_person"),
        ]


class HidingQuerySet(HiddenQuerySet["Hiding"]):
    """Questions about hidden comments."""

    def appealed(self) -> Self:
        """What waits for a decision on its author's appeal; of what is deleted nothing does."""
        return self.undecided().filter(comment__deleted_at__isnull=True)


class Hiding(Hidden):
    """A moderator hid a comment."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="hidings")

    objects = HidingQuerySet.as_manager()

    class Meta(Hidden.Meta):
        verbose_name = _("hidden comment")
        verbose_name_plural = _("hidden comments")
        constraints = [
            *Hidden.Meta.constraints,
            models.UniqueConstraint(
                fields=["comment"], condition=Q(lifted_at__isnull=True), name="hiding_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.comment}: {self.get_reason_display()}"
