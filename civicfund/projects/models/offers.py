"""What people offer to a project that looks for help."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from civicfund.people.domain import LARGEST_BYTES
from civicfund.projects.enums import PUBLIC_STATES, FileKind, OfferState, Part
from civicfund.projects.models.projects import Project


class OfferQuerySet(models.QuerySet["Offer"]):
    """Questions about offers."""

    def waiting(self) -> OfferQuerySet:
        """Those that the authors have not answered."""
        return self.filter(state=OfferState.WAITING)

    def at_public_projects(self) -> OfferQuerySet:
        """Those that whoever made them can find, and take back while they wait."""
        return self.filter(project__state__in=PUBLIC_STATES)

    def accepted(self) -> OfferQuerySet:
        """Those that made a project better."""
        return self.filter(state=OfferState.ACCEPTED)


class Offer(models.Model):
    """Somebody brings a part that a project lacks; its authors take it or not."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="offers")
    part = models.CharField(_("part"), max_length=16, choices=Part.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    words = models.TextField(_("in words"))
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    # Pairs of a label and an amount in minor units, in their order.
    cost_lines = models.JSONField(_("costs"), default=list, blank=True)
    state = models.CharField(
        _("state"), max_length=16, choices=OfferState.choices, default=OfferState.WAITING
    )
    offered_at = models.DateTimeField(_("offered"), db_default=Now())
    decided_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "part", "by"],
                condition=Q(state=OfferState.WAITING),
                name="offer_one_waits",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OfferState.values), name="offer_state_known"
            ),
            models.CheckConstraint(condition=Q(part__in=Part.values), name="offer_part_known"),
            # One that was taken in says nothing any more once whoever brought it has left.
            models.CheckConstraint(
                condition=~Q(words="")
                | Q(
                    state=OfferState.ACCEPTED,
                    latitude__isnull=True,
                    longitude__isnull=True,
                    cost_lines=[],
                ),
                name="offer_has_words",
            ),
            models.CheckConstraint(
                condition=Q(state=OfferState.WAITING, decided_at__isnull=True)
                | (~Q(state=OfferState.WAITING) & Q(decided_at__isnull=False)),
                name="offer_answered_iff_not_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_part_display()} for {self.project_id}"

    @property
    def points(self) -> list[dict[str, object]]:
        """The point that was brought, as a map takes it; empty where there is none."""
        if self.latitude is None:
            return []
        return [{"latitude": self.latitude, "longitude": self.longitude}]


class OfferFileQuerySet(models.QuerySet["OfferFile"]):
    """Questions about what waits with offers."""

    def without_content(self) -> OfferFileQuerySet:
        """For lists, which read no bytes."""
        return self.defer("full", "small")


class OfferFile(models.Model):
    """What came with an offer, for as long as it waits: then a file of the project, or gone."""

    offer = models.OneToOneField(Offer, models.CASCADE, primary_key=True, related_name="file")
    kind = models.CharField(_("kind"), max_length=8, choices=FileKind.choices)
    words = models.CharField(_("what it shows"), max_length=200)
    size = models.PositiveIntegerField(_("bytes"))
    width = models.PositiveSmallIntegerField(_("width"), null=True)
    height = models.PositiveSmallIntegerField(_("height"), null=True)
    full = models.BinaryField()
    small = models.BinaryField(null=True)

    objects = OfferFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of an offer")
        verbose_name_plural = _("files of offers")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=FileKind.PICTURE, width__gt=0, height__gt=0)
                & Q(width__isnull=False, height__isnull=False)
                | Q(kind=FileKind.PDF, width__isnull=True, height__isnull=True),
                name="offer_file_picture_has_size",
            ),
            models.CheckConstraint(condition=~Q(words=""), name="offer_file_has_words"),
            models.CheckConstraint(
                condition=Q(
                    size=Func(F("full"), function="OCTET_LENGTH"), size__range=(1, LARGEST_BYTES)
                ),
                name="offer_file_not_too_large",
            ),
        ]

    def __str__(self) -> str:
        return self.words
