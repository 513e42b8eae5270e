"""The one Project row, and what it is said to cost."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.projects.enums import (
    ASKED_PARTS,
    LISTED_STATES,
    PUBLIC_STATES,
    Category,
    Part,
    ProjectState,
)

MOST_PER_LINE_MINOR = 10**12
MOST_YEARS = 200
LONGEST_STORY = 20_000
_ON_THE_LIST = Q(state__in=[*LISTED_STATES])
_NO_STORY = Q(story="")
_NO_COSTS = Q(total_minor=0)
# What its authors look for.
_ASKS = Q(wanted__len__gt=0)
# All that shows in the row alone: the place that is not said asks where it is to be.
_LACKS_IN_ITSELF = _NO_STORY | _NO_COSTS | _ASKS


def _lacks(part: Part) -> Q:
    """How a part that a ready project needs shows that it is not there."""
    if part == Part.STORY:
        return _NO_STORY
    if part == Part.PLACE:
        return Q(latitude__isnull=True, address="", neighborhood__kind=PlaceKind.NEIGHBORHOOD)
    return _NO_COSTS


class ProjectQuerySet(models.QuerySet["Project"]):
    """Questions about projects."""

    def public(self) -> ProjectQuerySet:
        """What anyone may read."""
        return self.filter(state__in=PUBLIC_STATES)

    def listed(self) -> ProjectQuerySet:
        """What the list shows: public, and not gone into another project."""
        return self.filter(state__in=LISTED_STATES)

    def with_cost(self) -> ProjectQuerySet:
        """Each with ``cost_minor``, the sum of its cost lines (0 where it has none)."""
        return self.annotate(cost_minor=models.F("total_minor"))

    def abandoned(self) -> ProjectQuerySet:
        """Those that nobody is left to write: see ``Project.is_abandoned``."""
        return self.filter(proposer__erased_at__isnull=False, co_authors__isnull=True)

    def taking_help(self) -> ProjectQuerySet:
        """Those on the list that somebody writes: nobody else could take in what is offered."""
        left = Project.objects.abandoned().order_by().values("pk")
        return self.listed().exclude(pk__in=left)

    def wanting(self, part: Part | None = None) -> ProjectQuerySet:
        """Those on the list that look for a part, or for any; each with its cost."""
        rows = self.taking_help().with_cost().annotate(lacks_story=_lacks(Part.STORY))
        if part in ASKED_PARTS:
            return rows.filter(wanted__contains=[part])
        if part:
            return rows.filter(_lacks(part))
        return rows.filter(_LACKS_IN_ITSELF | _lacks(Part.PLACE))

    def count_wanting(self, part: Part | None = None) -> int:
        """How many ``wanting`` finds."""
        return self.wanting(part).count() if part else self.wanting_by_index().count()

    def wanting_by_index(self) -> models.QuerySet[Project, Any]:
        """The keys of all that ``wanting`` finds, to be counted: no project is read for that."""
        found = self.taking_help().order_by()
        ids = [found.filter(lack).values("pk") for lack in (_LACKS_IN_ITSELF, _lacks(Part.PLACE))]
        return ids[0].union(ids[1])

    def with_supports(self) -> ProjectQuerySet:
        """Each with ``support_count``: people who support it or what was merged into it, once."""
        # Ids first, each by its index: one condition over two tables would read every support.
        this = models.OuterRef(models.OuterRef("pk"))
        whole = Project.objects.filter(Q(pk=this) | Q(merged_into=this)).values("pk")
        people = (
            Support.objects.filter(project__in=whole)
            .order_by()
            .annotate(together=models.Value(1))
            .values("together")
            .annotate(people=models.Count("person", distinct=True))
            .values("people")
        )
        none = models.Value(0, output_field=models.IntegerField())
        return self.annotate(support_count=models.functions.Coalesce(models.Subquery(people), none))

    def for_cards(self) -> ProjectQuerySet:
        """What a list shows of each, without the long parts: stories and outlines."""
        return (
            self.select_related("neighborhood")
            .defer("story", "search", "neighborhood__boundary")
            .with_cost()
            .with_supports()
        )


class Project(models.Model):
    """An idea with a place: proposed, voted on, backed and followed to delivery as one row."""

    state = models.CharField(
        _("state"), max_length=16, choices=ProjectState.choices, default=ProjectState.DRAFT
    )
    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("in one sentence"), max_length=280)
    story = models.TextField(_("story"), blank=True)
    category = models.CharField(
        _("about"), max_length=16, choices=Category.choices, default=Category.OTHER
    )
    neighborhood = models.ForeignKey(
        Neighborhood, models.PROTECT, related_name="projects", verbose_name=_("neighborhood")
    )
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    # The sum of its cost lines. The database keeps it, whatever is written here.
    total_minor = models.BigIntegerField(_("cost"), default=0, db_default=0, editable=False)
    running_minor = models.BigIntegerField(_("running cost a year"), null=True, blank=True)
    lifetime_years = models.PositiveSmallIntegerField(_("lifetime in years"), null=True, blank=True)
    # What its authors look for beside what shows by itself: codes of parts.
    wanted = ArrayField(
        models.CharField(max_length=16, choices=Part.choices),
        verbose_name=_("looked for"),
        default=list,
        blank=True,
    )
    proposer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="projects")
    # Whose idea it is, where they brought it on paper and the proposer only entered it for them.
    handed_in_by = models.CharField(
        _("handed in on paper by"), max_length=120, blank=True, default="", db_default=""
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged_projects"
    )
    copied_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="copies"
    )
    # When its draft was begun, which is its authors' own.
    created_at = models.DateTimeField(_("begun"), db_default=Now())
    # When everybody saw it first. The database dates it as it becomes public.
    published_at = models.DateTimeField(_("proposed"), null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="simple")
        + SearchVector("summary", weight="B", config="simple")
        + SearchVector("story", weight="C", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        indexes = [
            GinIndex(fields=["search"], name="project_search"),
            # Misspelt words in the search field.
            GinIndex(OpClass("title", name="gin_trgm_ops"), name="project_title_trigrams"),
            # The list, newest first, and one neighborhood's part of it.
            models.Index(fields=["state", "-published_at", "-id"], name="project_newest_of_state"),
            models.Index(
                fields=["-published_at", "-id"],
                condition=_ON_THE_LIST,
                name="project_listed_newest",
            ),
            models.Index(
                fields=["neighborhood", "-published_at", "-id"],
                condition=_ON_THE_LIST,
                name="project_at_place_newest",
            ),
            # What else is near a point, while somebody proposes.
            models.Index(
                fields=["latitude", "longitude"],
                condition=_ON_THE_LIST,
                name="project_near",
            ),
            models.Index(fields=["neighborhood", "state"], name="project_of_neighborhood"),
            # How many look for help: see ``count_wanting``.
            models.Index(
                fields=["neighborhood", "id"],
                condition=_ON_THE_LIST & _LACKS_IN_ITSELF,
                name="project_wanting",
            ),
            # A place's part of the list, by cost.
            models.Index(
                fields=["neighborhood", "total_minor", "id"],
                condition=_ON_THE_LIST,
                name="project_by_cost",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ProjectState.values), name="project_state_known"
            ),
            models.CheckConstraint(
                condition=(~Q(state=ProjectState.DRAFT) | Q(published_at__isnull=True))
                & (~Q(state__in=PUBLIC_STATES) | Q(published_at__isnull=False)),
                name="project_published_iff_public",
            ),
            # Empty, or not: then nobody has to read it all to see whether it is there.
            models.CheckConstraint(
                condition=Q(story="") | Q(story__regex=r"\S"), name="project_story_says_something"
            ),
            models.CheckConstraint(
                condition=Q(category__in=Category.values), name="project_category_known"
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(
                    # Without these a NULL beside a number would be neither true nor false: let in.
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
                name="project_place_is_on_earth",
            ),
            models.CheckConstraint(
                # One that is hidden is what it was: it is merged again once it is shown again.
                condition=Q(state=ProjectState.HIDDEN)
                | Q(state=ProjectState.MERGED, merged_into__isnull=False)
                | (~Q(state=ProjectState.MERGED) & Q(merged_into__isnull=True)),
                name="project_merged_into_iff_merged",
            ),
            models.CheckConstraint(
                condition=~Q(copied_from=models.F("pk")), name="project_copied_from_another"
            ),
            models.CheckConstraint(
                condition=Q(wanted__contained_by=[part.value for part in ASKED_PARTS]),
                name="project_wanted_known",
            ),
            models.CheckConstraint(
                condition=Q(running_minor__isnull=True)
                | Q(running_minor__range=(0, MOST_PER_LINE_MINOR)),
                name="project_running_cost_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(lifetime_years__isnull=True) | Q(lifetime_years__range=(1, MOST_YEARS)),
                name="project_lifetime_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(handed_in_by="") | Q(handed_in_by__regex=r"\S"),
                name="project_handed_in_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The project's page."""
        return reverse("project", args=[self.pk])

    # Django's own two put every choice into words to find one: long lists of cards ask for each.
    def get_category_display(self) -> str:  # type: ignore[no-redef]  # the plugin adds it as well
        """What it is about, in words."""
        return str(Category(self.category).label)

    def get_state_display(self) -> str:  # type: ignore[no-redef]  # the plugin adds it as well
        """How far it has come, in words."""
        return str(ProjectState(self.state).label)

    @property
    def credit(self) -> str:
        """Whose idea it is, as every page names them."""
        if self.handed_in_by:
            return gettext("%(name)s, on paper") % {"name": self.handed_in_by}
        return str(self.proposer)

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody is left who writes it: its proposer has closed the account, and there is
        no co-author; theirs go with their accounts.
        """
        return self.proposer.erased_at is not None and not self.co_authors.exists()

    @property
    def lifetime_minor(self) -> int | None:
        """What running it costs over its lifetime; None where either is not said."""
        if self.running_minor is None or self.lifetime_years is None:
            return None
        return self.running_minor * self.lifetime_years


class CostLine(models.Model):
    """One thing that the project has to pay for."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="cost_lines")
    position = models.PositiveSmallIntegerField(_("position"))
    label = models.CharField(_("what for"), max_length=120)
    amount_minor = models.BigIntegerField(_("amount"))

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["project", "position"], name="cost_line_position"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="cost_line_amount_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Support(models.Model):
    """Somebody says that a project should come about; once, and as long as they say so."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="supports")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("support")
        verbose_name_plural = _("supports")
        constraints = [
            models.UniqueConstraint(fields=["project", "person"], name="support_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} for {self.project_id}"
