"""That one project becomes part of another: who asked, who agreed, and what it takes to undo it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.projects.enums import MergeState, ProjectState
from civicfund.projects.models.projects import Project


class Merge(models.Model):
    """A project goes into another, by agreement of both proposers or by a moderator."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="merges")
    into = models.ForeignKey(Project, models.PROTECT, related_name="merges_in")
    state = models.CharField(
        _("state"), max_length=16, choices=MergeState.choices, default=MergeState.ASKED
    )
    reason = models.CharField(_("why"), max_length=500)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("answered"), null=True, blank=True)
    by_moderator = models.BooleanField(_("by a moderator"), default=False)
    undone_because = models.CharField(_("why undone"), max_length=500, blank=True)
    # What it takes to undo it: how far the project was, and what had gone into it before.
    state_before = models.CharField(max_length=16, choices=ProjectState.choices, blank=True)
    brought = ArrayField(models.BigIntegerField(), default=list, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(state=MergeState.ASKED), name="merge_one_asked"
            ),
            models.UniqueConstraint(
                fields=["project"], condition=Q(state=MergeState.AGREED), name="merge_one_agreed"
            ),
            models.CheckConstraint(
                condition=Q(state__in=MergeState.values), name="merge_state_known"
            ),
            # What was asked in vain says nothing any more once whoever asked has left.
            models.CheckConstraint(
                condition=~Q(reason="") | Q(state__in=[MergeState.DECLINED, MergeState.WITHDRAWN]),
                name="merge_has_reason",
            ),
            models.CheckConstraint(condition=~Q(project=F("into")), name="merge_into_another"),
            models.CheckConstraint(
                condition=Q(
                    state=MergeState.ASKED, decided_by__isnull=True, decided_at__isnull=True
                )
                | (
                    ~Q(state=MergeState.ASKED)
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
                name="merge_answered_iff_not_asked",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[MergeState.AGREED, MergeState.UNDONE])
                | Q(state_before__in=[ProjectState.STUB, ProjectState.READY]),
                name="merge_can_be_undone",
            ),
            models.CheckConstraint(
                condition=Q(state=MergeState.UNDONE) ^ Q(undone_because=""),
                name="merge_undone_iff_because",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} into {self.into_id}"
