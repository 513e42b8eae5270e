"""What the list of projects can be narrowed by, on the page and over the API."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.forms import Form
from django.utils.translation import gettext_lazy as _

from civicfund.places.forms import AllPlaces
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import ids_within
from civicfund.projects.enums import LISTED_STATES, Category
from civicfund.projects.models import Project, ProjectQuerySet
from civicfund.projects.selectors import matching
from civicfund.projects.selectors.became import that_became, ways_of_becoming

SORTS = {
    "newest": (_("Newest first"), ("-published_at", "-pk")),
    "cheapest": (_("Lowest cost first"), ("cost_minor", "pk")),
    "dearest": (_("Highest cost first"), ("-cost_minor", "pk")),
    "title": (_("By title"), ("title", "pk")),
}
_SORTED = [(name, label) for name, (label, _columns) in SORTS.items()]
# Found otherwise, and only for the page.
MOST_SUPPORTED = "supported"
BEST_MATCH = ("-rank", "-published_at", "-pk")


class PlaceField(django_filters.fields.ModelChoiceField):  # type: ignore[misc]  # no types
    """A choice of any place."""

    iterator = AllPlaces


class PlaceFilter(django_filters.ModelChoiceFilter):  # type: ignore[misc]  # no types
    """The same in a filter."""

    field_class = PlaceField


class SearchFilter(django_filters.FilterSet):  # type: ignore[misc]  # it ships no types
    """Words and a place; whoever extends it says what ``with_words`` and ``in_place`` leave."""

    form_class: ClassVar[type[Form]]

    q = django_filters.CharFilter(label=_("Search"), method="with_words", max_length=200)
    neighborhood = PlaceFilter(
        label=_("Where"),
        queryset=Neighborhood.objects.widest_first().defer("boundary"),
        to_field_name="slug",
        empty_label=_("Everywhere"),
        method="in_place",
    )

    def get_form_class(self) -> type[Form]:
        """Its form, whose class is the same for every request and is made once."""
        kind = type(self)
        if "form_class" not in vars(kind):
            kind.form_class = super().get_form_class()
        return kind.form_class


class ProjectFilter(SearchFilter):
    """Search, place, subject, state and order of projects that have ``cost_minor``."""

    category = django_filters.ChoiceFilter(
        label=_("About"), choices=Category.choices, empty_label=_("Everything")
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[(state.value, state.label) for state in LISTED_STATES],
        empty_label=_("Any"),
    )
    became = django_filters.ChoiceFilter(
        label=_("What came of it"),
        choices=ways_of_becoming,
        empty_label=_("Anything"),
        method="that_became",
    )
    sort = django_filters.ChoiceFilter(
        label=_("Order"),
        choices=_SORTED,
        empty_label=_("Best match or newest"),
        method="unchanged",
    )

    class Meta:
        model = Project
        fields: list[str] = []

    def with_words(self, rows: ProjectQuerySet, name: str, words: str) -> ProjectQuerySet:
        """The search field."""
        return matching(rows, words)

    def in_place(self, rows: ProjectQuerySet, name: str, place: Neighborhood) -> ProjectQuerySet:
        """The place and everything in it."""
        return rows.filter(neighborhood__in=ids_within(place.pk))

    def that_became(self, rows: ProjectQuerySet, name: str, value: str) -> ProjectQuerySet:
        """What came of it."""
        return that_became(rows, value)

    def unchanged(self, rows: ProjectQuerySet, name: str, value: str) -> ProjectQuerySet:
        """Order comes last: see ``filter_queryset``."""
        return rows

    def filter_queryset(self, queryset: ProjectQuerySet) -> ProjectQuerySet:
        """Narrowed, then in one definite order."""
        rows: ProjectQuerySet = super().filter_queryset(queryset)
        sort = self.form.cleaned_data.get("sort")
        searched = bool(self.form.cleaned_data.get("q"))
        if sort in SORTS:
            return rows.order_by(*SORTS[sort][1])
        return rows.order_by(*(BEST_MATCH if searched else SORTS["newest"][1]))


class ProjectListFilter(ProjectFilter):
    """The same for the page, which can have the most supported first as well."""

    sort = django_filters.ChoiceFilter(
        label=_("Order"),
        choices=[*_SORTED, (MOST_SUPPORTED, _("Most supported first"))],
        empty_label=_("Best match or newest"),
        method="unchanged",
    )

    class Meta(ProjectFilter.Meta):
        """As there."""
