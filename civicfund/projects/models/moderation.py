"""What people find wrong with what others wrote, and what moderators did about it."""

from __future__ import annotations

from typing import Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.projects.enums import (
    FLAG_REASONS,
    PUBLIC_STATES,
    SAME,
    AppealOutcome,
    ProjectState,
    Wrong,
)
from civicfund.projects.models.files import ProjectFile
from civicfund.projects.models.projects import Project
from civicfund.projects.models.versions import Version

Row = TypeVar("Row", bound=models.Model)


class ReportQuerySet(models.QuerySet[Row]):
    """Questions about reports."""

    def waiting(self) -> Self:
        """Those that no moderator has looked at."""
        return self.filter(handled_at__isnull=True)


class Report(models.Model):
    """Somebody tells the moderators of something, once; erased with the person but for the reason.

    Nobody but moderators learns of it.
    """

    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(_("what is wrong"), max_length=16, choices=Wrong.choices)
    words = models.CharField(_("more about it"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("told"), db_default=Now())
    handled_at = models.DateTimeField(_("looked at"), null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=Wrong.values), name="%(class)s_reason_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class HiddenQuerySet(models.QuerySet[Row]):
    """Questions about what is hidden."""

    def standing(self) -> Self:
        """What is hidden now."""
        return self.filter(lifted_at__isnull=True)

    def undecided(self) -> Self:
        """Appeals that wait for a decision, longest first."""
        waiting = self.standing().filter(appealed_at__isnull=False, decided_at__isnull=True)
        return waiting.order_by("appealed_at", "pk")


class Hidden(models.Model):
    """A moderator hid something, with a reason that everybody reads in its place.

    Whoever wrote it may appeal once; another moderator decides, and the table holds them to it.
    """

    reason = models.CharField(_("why"), max_length=16, choices=Wrong.choices)
    words = models.CharField(_("in words"), max_length=500, blank=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    hidden_at = models.DateTimeField(_("hidden"), db_default=Now())
    appeal_words = models.CharField(_("what its author says"), max_length=1_000, blank=True)
    appealed_at = models.DateTimeField(_("appealed"), null=True, blank=True)
    outcome = models.CharField(
        _("decided"), max_length=8, choices=AppealOutcome.choices, blank=True
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided on"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(_("shown again"), null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=Wrong.values), name="%(class)s_reason_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    outcome__in=AppealOutcome.values,
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    appealed_at__isnull=False,
                ),
                name="%(class)s_decided_after_an_appeal",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("hidden_by")),
                name="%(class)s_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | Q(lifted_by__isnull=False, lifted_at__isnull=False),
                name="%(class)s_lifted_by_somebody",
            ),
            # Whoever hid it cannot get an appeal out of the way by showing it again.
            models.CheckConstraint(
                condition=Q(appealed_at__isnull=True)
                | Q(lifted_at__isnull=True)
                | Q(outcome=AppealOutcome.LIFTED),
                name="%(class)s_appealed_is_decided",
            ),
        ]

    @property
    def may_be_appealed(self) -> bool:
        """Whether nobody has appealed yet."""
        return self.appealed_at is None and self.lifted_at is None


class ProjectFlag(Report):
    """Somebody tells the moderators of a project: what is wrong with it, or that it is there twice,
    and as which ``other``.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="flags")
    reason = models.CharField(_("what is wrong"), max_length=16, choices=FLAG_REASONS)
    other = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("the other project"),
    )

    objects = ReportQuerySet["ProjectFlag"].as_manager()

    class Meta(Report.Meta):
        verbose_name = _("report of a project")
        verbose_name_plural = _("reports of projects")
        indexes = [
            # The moderators' queue.
            models.Index(
                fields=["created_at"],
                condition=Q(handled_at__isnull=True),
                name="project_flag_waiting",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=[reason for reason, _label in FLAG_REASONS]),
                name="projectflag_reason_known",
            ),
            models.CheckConstraint(
                condition=Q(reason=SAME, other__isnull=False)
                | (~Q(reason=SAME) & Q(other__isnull=True)),
                name="projectflag_other_iff_same",
            ),
            models.CheckConstraint(
                condition=Q(other__isnull=True) | ~Q(other=F("project")),
                name="projectflag_same_as_another",
            ),
            models.UniqueConstraint(
                fields=["project", "reporter"],
                condition=~Q(reason=SAME),
                name="projectflag_once_for_what_is_wrong",
            ),
            models.UniqueConstraint(
                fields=["project", "reporter", "other"],
                condition=Q(reason=SAME),
                name="projectflag_once_as_the_same",
            ),
        ]


class ProjectHidingQuerySet(HiddenQuerySet["ProjectHiding"]):
    """Questions about hidden projects."""

    def appealed(self) -> Self:
        """What waits for a decision on its authors' appeal; of what is withdrawn nothing does."""
        return self.undecided().filter(project__state=ProjectState.HIDDEN)


class ProjectHiding(Hidden):
    """A moderator hid a project. The project is in its state for as long as this stands."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="hidings")
    # How far it was, and is again where it is shown again.
    state_before = models.CharField(max_length=16, choices=ProjectState.choices)
    appealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = ProjectHidingQuerySet.as_manager()

    class Meta(Hidden.Meta):
        verbose_name = _("hidden project")
        verbose_name_plural = _("hidden projects")
        constraints = [
            *Hidden.Meta.constraints,
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(lifted_at__isnull=True),
                name="%(class)s_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state_before__in=PUBLIC_STATES), name="%(class)s_was_public"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}: {self.get_reason_display()}"


class VeilQuerySet(models.QuerySet["Veil"]):
    """Questions about veils."""

    def standing(self) -> Self:
        """What is veiled now."""
        return self.filter(lifted_at__isnull=True)


class Veil(models.Model):
    """A moderator took one version of a project's history, or one of its files, from the public.

    The version stays as it was written: this is a row beside it. A file may still be removed.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="veils")
    version = models.ForeignKey(
        Version, models.PROTECT, null=True, blank=True, related_name="veils"
    )
    file = models.ForeignKey(
        ProjectFile, models.SET_NULL, null=True, blank=True, related_name="veils"
    )
    reason = models.CharField(_("why"), max_length=16, choices=Wrong.choices)
    words = models.CharField(_("in words"), max_length=500, blank=True)
    veiled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    veiled_at = models.DateTimeField(_("taken down"), db_default=Now())
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(_("shown again"), null=True, blank=True)

    objects = VeilQuerySet.as_manager()

    class Meta:
        verbose_name = _("what is taken down of a project")
        verbose_name_plural = _("what is taken down of projects")
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=Wrong.values), name="veil_reason_known"),
            models.CheckConstraint(
                condition=Q(version__isnull=True) | Q(file__isnull=True), name="veil_of_one_thing"
            ),
            models.UniqueConstraint(
                fields=["version"], condition=Q(lifted_at__isnull=True), name="veil_once_a_version"
            ),
            models.UniqueConstraint(
                fields=["file"], condition=Q(lifted_at__isnull=True), name="veil_once_a_file"
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | Q(lifted_by__isnull=False, lifted_at__isnull=False),
                name="veil_lifted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}: {self.get_reason_display()}"
