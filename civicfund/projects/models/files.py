"""Pictures and papers of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, FilteredRelation, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from civicfund.projects.enums import FileKind
from civicfund.projects.models.projects import Project

if TYPE_CHECKING:
    from civicfund.projects.models.moderation import Veil


class ProjectFileQuerySet(models.QuerySet["ProjectFile"]):
    """Questions about files."""

    def shown(self) -> ProjectFileQuerySet:
        """Those that no moderator has taken down."""
        veil = FilteredRelation("veils", condition=Q(veils__lifted_at__isnull=True))
        return self.alias(veiled_now=veil).filter(veiled_now__isnull=True)

    def pictures(self) -> ProjectFileQuerySet:
        """Those that are shown, in their order."""
        return self.shown().filter(kind=FileKind.PICTURE).in_order()

    def in_order(self) -> ProjectFileQuerySet:
        """What was put in front last comes first, then as they were added."""
        return self.order_by(F("front_at").desc(nulls_last=True), "added_at", "pk")


class ProjectFile(models.Model):
    """A picture that was drawn anew, or a PDF, with words for whoever cannot see it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="files")
    kind = models.CharField(_("kind"), max_length=8, choices=FileKind.choices)
    words = models.CharField(_("what it shows"), max_length=200)
    size = models.PositiveIntegerField(_("bytes"))
    width = models.PositiveSmallIntegerField(_("width"), null=True)
    height = models.PositiveSmallIntegerField(_("height"), null=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("added"), db_default=Now())
    front_at = models.DateTimeField(_("put in front"), null=True, blank=True)

    objects = ProjectFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of a project")
        verbose_name_plural = _("files of projects")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=FileKind.PICTURE, width__gt=0, height__gt=0)
                & Q(width__isnull=False, height__isnull=False)
                | Q(kind=FileKind.PDF, width__isnull=True, height__isnull=True),
                name="project_file_picture_has_size",
            ),
            models.CheckConstraint(condition=~Q(words=""), name="project_file_has_words"),
        ]

    def __str__(self) -> str:
        return self.words

    def get_absolute_url(self) -> str:
        """The file itself."""
        return reverse("project_file", args=[self.pk])

    @property
    def veil(self) -> Veil | None:
        """Why moderators keep it from the public now; None where they do not."""
        return next((each for each in self.veils.all() if each.lifted_at is None), None)


class FileContent(models.Model):
    """The bytes of a file, apart, so that no list reads them."""

    file = models.OneToOneField(
        ProjectFile, models.CASCADE, primary_key=True, related_name="content"
    )
    full = models.BinaryField()
    small = models.BinaryField(null=True)

    def __str__(self) -> str:
        return f"content of {self.file_id}"
