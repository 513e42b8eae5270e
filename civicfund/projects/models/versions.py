"""What a project said, at every moment at which somebody changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import FilteredRelation, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.audit.models import AppendOnly
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category, Part
from civicfund.projects.models.projects import Project

if TYPE_CHECKING:
    from civicfund.projects.models.moderation import Veil


class VersionQuerySet(models.QuerySet["Version"]):
    """Questions about versions."""

    def public(self) -> VersionQuerySet:
        """Those that stood on a public page, not what was tried in a draft."""
        return self.filter(is_public=True)

    def unveiled(self) -> VersionQuerySet:
        """Those that no moderator has taken down."""
        veil = FilteredRelation("veils", condition=Q(veils__lifted_at__isnull=True))
        return self.alias(veiled_now=veil).filter(veiled_now__isnull=True)

    def newest_first(self) -> VersionQuerySet:
        """As a history lists them, with who wrote each."""
        return self.select_related("author", "helper").order_by("-number")


class Version(AppendOnly):
    """What a project said after one change, written once, by whom and with whose help.

    Of people it holds keys only. One that is not public is a state of a draft.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    at = models.DateTimeField(_("when"), db_default=Now())
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    helper = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    restored = models.PositiveIntegerField(_("as in version"), null=True, blank=True)
    is_public = models.BooleanField(_("public"))
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=280)
    story = models.TextField(blank=True)
    category = models.CharField(max_length=16, choices=Category.choices)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    address = models.CharField(max_length=200, blank=True)
    running_minor = models.BigIntegerField(null=True)
    lifetime_years = models.PositiveSmallIntegerField(null=True)
    # Pairs of a label and an amount in minor units, in their order.
    cost_lines = models.JSONField(default=list)
    # What its authors looked for; None in versions from before that was kept.
    wanted = ArrayField(models.CharField(max_length=16, choices=Part.choices), null=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a project")
        verbose_name_plural = _("versions of projects")
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="version_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="version_counted_from_one"),
            models.CheckConstraint(
                condition=Q(restored__isnull=True) | Q(restored__lt=models.F("number")),
                name="version_restores_an_earlier_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"

    @property
    def veil(self) -> Veil | None:
        """Why moderators keep it from the public now; None where they do not."""
        return next((each for each in self.veils.all() if each.lifted_at is None), None)
