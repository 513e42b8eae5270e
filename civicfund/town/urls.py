"""Composed pages."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from civicfund.town import api
from civicfund.town.views import (
    archive,
    desks,
    feeds,
    mine,
    neighborhoods,
    pages,
    places,
    policies,
    trail,
    treasury,
)

urlpatterns = [
    path("", pages.home, name="home"),
    path("me/", mine.my_page, name="my_page"),
    path("me/all/<slug:name>/", mine.my_list, name="my_list"),
    path("policies/<slug:name>/", policies.policy, name="policy"),
    path("desk/", desks.my_desks, name="my_desks"),
    path("desk/population/", places.population_desk, name="population_desk"),
    path("desk/trail/", trail.trail, name="desk_trail"),
    path("desk/trail.csv", trail.trail_csv, name="desk_trail_csv"),
    path("neighborhoods/<slug:slug>/", neighborhoods.neighborhood, name="neighborhood"),
    path("neighborhoods/<slug:slug>/built/", neighborhoods.built, name="place_built"),
    path("neighborhoods/<slug:slug>/funded/", neighborhoods.funded, name="place_funded"),
    path("neighborhoods/<slug:slug>/asked/", neighborhoods.asked, name="place_asked"),
    path("archive/", archive.archive, name="archive"),
    path("archive/<slug:slug>/", archive.archived_cycle, name="archived_cycle"),
    path("projects/<int:pk>/", pages.project, name="project"),
    path("feeds/<slug:kind>/<int:pk>.atom", feeds.atom, name="atom"),
    path("feeds/<slug:kind>/<int:pk>.ics", feeds.calendar, name="calendar"),
    path("health/", pages.health, name="health"),
    path("health/work/", pages.health_of_work, name="health_of_work"),
    path("treasury/", treasury.desk, name="treasury"),
    path("treasury/check/", treasury.books_check, name="books_check"),
    path("treasury/account/", treasury.account, name="treasury_account"),
    path("treasury/account.csv", treasury.account_csv, name="treasury_account_csv"),
    path("treasury/unmatched/<int:pk>/", treasury.orphan_review, name="orphan_review"),
    path("treasury/pledges/", treasury.pledges, name="treasury_pledges"),
    path("treasury/pledges/<uuid:pk>/", treasury.pledge, name="treasury_pledge"),
    path("treasury/campaigns/<int:pk>/", treasury.campaign, name="treasury_campaign"),
    path("api/v1/", api.Root.as_view(), name="api_root"),
    path(
        "api/v1/schema/",
        SpectacularAPIView.as_view(permission_classes=[AllowAny]),
        name="api_schema",
    ),
]
