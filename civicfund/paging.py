"""Pages of long lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import Count, QuerySet, Window
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


def page_asked_for(paginator: Paginator[Any], request: HttpRequest) -> Page[Any]:
    """The page that ``?page=`` names, the first without it; ``Http404`` where it is not there."""
    try:
        return paginator.page(request.GET.get("page", "1"))
    except InvalidPage:
        raise Http404("No such page.") from None


class LeanPaginator(Paginator[Any]):
    """For rows that carry sums and counts: those are found for what is shown, not on the way to it.

    First the keys of the page in the list's order, then their rows: one query more. ``count`` is
    given where there is a cheaper way to find it than to count the rows; ``read`` brings the rows
    of keys, in any order, where there is a cheaper way than to find them among all once more;
    ``first`` the keys of the first page, which nearly everybody asks for.
    """

    object_list: QuerySet[Any]

    def __init__(
        self,
        rows: QuerySet[Any],
        per_page: int,
        *,
        count: int | None = None,
        read: Callable[[list[Any]], Iterable[Any]] | None = None,
        first: Callable[[], list[Any]] | None = None,
    ) -> None:
        """The rows in one definite order."""
        super().__init__(rows, per_page)
        self.read, self.first = read, first
        if count is not None:
            self.count = count

    def _check_object_list_is_ordered(self) -> None:
        """They are; to look would put the question together, which the first page may not need."""

    def page(self, number: int | str) -> Page[Any]:
        """The page; ``InvalidPage`` where it is not there."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        if self.first is not None and not start:
            return self._page_with(self.first(), number)
        keys = list(self.object_list.values_list("pk", flat=True)[start : start + self.per_page])
        return self._page_with(keys, number)

    def _page_with(self, keys: list[Any], number: int) -> Page[Any]:
        if self.read is None:
            return Page(self.object_list.filter(pk__in=keys), number, self)
        found = {row.pk: row for row in self.read(keys)}
        return Page([found[key] for key in keys if key in found], number, self)


class KeysPaginator(Paginator[Any]):
    """For keys that are at hand, in their order: ``read`` brings the rows of those on a page."""

    def __init__(
        self, keys: list[Any], per_page: int, *, read: Callable[[list[Any]], Iterable[Any]]
    ) -> None:
        super().__init__(keys, per_page)
        self.read = read

    def page(self, number: int | str) -> Page[Any]:
        """The page; ``InvalidPage`` where it is not there."""
        keys = list(super().page(number).object_list)
        found = {row.pk: row for row in self.read(keys)}
        rows = [found[key] for key in keys if key in found]
        return Page(rows, self.validate_number(number), self)


def with_count(rows: QuerySet[Any]) -> QuerySet[Any, tuple[Any, int]]:
    """The key of each, and how many there are in all."""
    counted: QuerySet[Any, tuple[Any, int]] = rows.annotate(in_all=Window(Count("*"))).values_list(
        "pk", "in_all"
    )
    return counted


def _is_first(number: int | str) -> bool:
    """However it is written: "01" is the first page, too."""
    try:
        return int(number) == 1
    except ValueError:
        return False


class SweptPaginator(LeanPaginator):
    """For rows whose order no index gives: whoever finds the first has seen them all.

    So the first page, which nearly everybody asks for, brings the count along: ``first``, where it
    is given, brings what ``with_count`` asks for.
    """

    def page(self, number: int | str) -> Page[Any]:
        """The page; ``InvalidPage`` where it is not there."""
        if not _is_first(number):
            return super().page(number)
        found = self.first() if self.first else list(with_count(self.object_list)[: self.per_page])
        self.count = found[0][1] if found else 0
        return self._page_with([key for key, _in_all in found], 1)


class Pages(PageNumberPagination):
    """``?page=2&page_size=50``: a page that is not there is 404, a size that is none is 400."""

    page_size = 50
    max_page_size = 100
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        """From 1 to the maximum; the reason where it is something else."""
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        if asked.isdecimal() and len(asked) < 4 and 1 <= int(asked) <= self.max_page_size:
            return int(asked)
        words = _("Write a whole number from 1 to %(most)s.") % {"most": self.max_page_size}
        raise ValidationError({"page_size": [words]})


class LeanPages(Pages):
    """The same, for rows that carry sums and counts."""

    django_paginator_class = LeanPaginator
