"""The town's tree of places."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, Q, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from civicfund.places.enums import PlaceKind

# What the trail says where it is written how many people live in a place.
POPULATION_SET = "neighborhood.population_set"


class NeighborhoodQuerySet(models.QuerySet["Neighborhood"]):
    """Questions about places."""

    def neighborhoods(self) -> NeighborhoodQuerySet:
        """The places where people live: the leaves of the tree."""
        return self.filter(kind=PlaceKind.NEIGHBORHOOD)

    def widest_first(self) -> NeighborhoodQuerySet:
        """The city, then the districts, then the neighborhoods; by name."""
        ranks = [When(kind=kind, then=rank) for rank, kind in enumerate(PlaceKind.values)]
        return self.order_by(Case(*ranks), "name")

    def within(self, place: Neighborhood | int) -> NeighborhoodQuerySet:
        """The place itself and everything below it (the tree has three levels)."""
        pk = place if isinstance(place, int) else place.pk
        return self.filter(Q(pk=pk) | Q(parent=pk) | Q(parent__parent=pk))


class Neighborhood(models.Model):
    """A city, a district or a neighborhood, with its boundary as a GeoJSON geometry (WGS 84)."""

    kind = models.CharField(_("kind"), max_length=16, choices=PlaceKind.choices)
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    boundary = models.JSONField(_("boundary"), null=True, blank=True)
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    # A census or a register, and of which day: numbers from two sources are hardly to compare.
    population_source = models.CharField(
        _("where that number comes from"), max_length=120, blank=True, default="", db_default=""
    )

    objects = NeighborhoodQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("neighborhood")
        verbose_name_plural = _("neighborhoods")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=PlaceKind.values), name="neighborhood_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=PlaceKind.CITY, parent__isnull=True)
                | (~Q(kind=PlaceKind.CITY) & Q(parent__isnull=False)),
                name="neighborhood_only_city_is_root",
            ),
            models.CheckConstraint(
                condition=Q(population__isnull=False) | Q(population_source=""),
                name="neighborhood_source_of_a_number",
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind=PlaceKind.CITY), name="neighborhood_one_city"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The place's page."""
        return reverse("neighborhood", args=[self.slug])

    @property
    def lineage(self) -> set[int]:
        """The ids of the place and of what it lies in; no query where its parent was read."""
        above = self.parent
        return {pk for pk in (self.pk, self.parent_id, above and above.parent_id) if pk}
