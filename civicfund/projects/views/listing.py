"""The list of projects."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from civicfund.paging import (
    KeysPaginator,
    LeanPaginator,
    SweptPaginator,
    page_asked_for,
    with_count,
)
from civicfund.people.requests import HttpRequest
from civicfund.prepared import Prepared
from civicfund.projects.filters import BEST_MATCH, MOST_SUPPORTED, SORTS, ProjectListFilter
from civicfund.projects.models import Project, ProjectQuerySet
from civicfund.projects.selectors import matching
from civicfund.projects.selectors.supports import most_supported, with_gathering
from civicfund.strangers import kept_for_strangers

PER_PAGE = 24


@kept_for_strangers
@require_safe
@vary_on_headers("HX-Request")
def project_list(request: HttpRequest) -> HttpResponse:
    """Every public project, searched, narrowed, ordered and paged. Wrong filters answer 400."""
    listed = Project.objects.listed()
    found = ProjectListFilter(request.GET, listed.with_cost())
    usable = found.is_valid()
    rows = found.qs if usable else listed.none()
    page = page_asked_for(_pages(rows, found, usable=usable), request)
    page.object_list = with_gathering(page)
    context = {"filter": found, "form": found.form, "page": page, "query": _query(request.GET)}
    template = "projects/list.html" + ("#results" if request.headers.get("HX-Request") else "")
    return render(request, template, context, status=200 if usable else 400)


def _pages(rows: ProjectQuerySet, found: ProjectListFilter, *, usable: bool) -> Paginator[Any]:
    """Pages of what was found; the first of all, and of what some words find, is asked often."""
    given = found.form.cleaned_data if usable else {}
    by = {name for name, value in given.items() if value}
    if usable and not by:
        return LeanPaginator(rows, PER_PAGE, count=_all.count(), read=_cards, first=_newest_keys)
    if by == {"q"}:
        return SweptPaginator(rows, PER_PAGE, read=_cards, first=lambda: _best(given["q"]))
    if given.get("sort") == MOST_SUPPORTED:
        ordered = most_supported()
        return KeysPaginator(
            ordered if by == {"sort"} else _among(rows, ordered), PER_PAGE, read=_cards
        )
    # What came of a project no index tells: the newest may all be such as nothing came of.
    paginator = SweptPaginator if by & {"q", "sort", "became"} else LeanPaginator
    return paginator(rows, PER_PAGE, read=_cards)


def _among(rows: ProjectQuerySet, ordered: list[int]) -> list[int]:
    """The ids of these projects in this order, then those that are not in it yet."""
    found = dict.fromkeys(rows.order_by("-published_at", "-pk").values_list("pk", flat=True))
    first = [pk for pk in ordered if pk in found]
    return list(dict.fromkeys([*first, *found]))


@Prepared
def _best(words: str) -> QuerySet[Project, tuple[int, int]]:
    found = matching(Project.objects.listed(), words).order_by(*BEST_MATCH)
    return with_count(found)[:PER_PAGE]


@Prepared
def _all() -> ProjectQuerySet:
    return Project.objects.listed()


@Prepared
def _newest_keys() -> QuerySet[Project, int]:
    newest = Project.objects.listed().order_by(*SORTS["newest"][1])
    return newest.values_list("pk", flat=True)[:PER_PAGE]


@Prepared
def _cards(pks: Collection[int]) -> ProjectQuerySet:
    return Project.objects.listed().filter(pk__in=pks).for_cards()


def _query(given: QueryDict) -> str:
    """The filters as they stand, for the links to other pages."""
    kept = given.copy()
    kept.pop("page", None)
    return kept.urlencode()
