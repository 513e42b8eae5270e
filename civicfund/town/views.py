"""Pages that show both halves at once."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.people.selectors import residency_of
from civicfund.places.models import Neighborhood
from civicfund.projects.access import visible_project
from civicfund.projects.models import Project


def home(request: HttpRequest) -> HttpResponse:
    """The town at a glance, seen from my neighborhood where I have said which it is."""
    projects = Project.objects.listed().select_related("neighborhood").with_cost()
    return render(
        request,
        "town/home.html",
        {
            "residency": residency_of(request.user),
            "projects": projects.order_by("-created_at", "-id")[:6],
            "neighborhoods": Neighborhood.objects.neighborhoods(),
        },
    )


@login_required
def my_page(request: SignedInRequest) -> HttpResponse:
    """What I proposed, and what came of it."""
    return render(
        request,
        "town/my_page.html",
        {
            "residency": residency_of(request.user),
            "projects": Project.objects.filter(proposer=request.user).with_cost(),
        },
    )


def neighborhood(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything about one place."""
    place = get_object_or_404(Neighborhood, slug=slug)
    return render(
        request,
        "town/neighborhood.html",
        {
            "place": place,
            "projects": Project.objects.listed().filter(neighborhood=place).with_cost(),
        },
    )


def project(request: HttpRequest, pk: int) -> HttpResponse:
    """One project, whatever has become of it."""
    return render(request, "town/project.html", {"project": visible_project(request.user, pk)})


def health(request: HttpRequest) -> JsonResponse:
    """Whether the database and the cache answer; 503 where one does not."""
    checks = {"database": _database_answers(), "cache": _cache_answers()}
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _cache_answers() -> bool:
    cache.set("health", 1, timeout=10)
    return bool(cache.get("health") == 1)
