"""Budget cycles: pages and API."""

from __future__ import annotations

from django.urls import path

from budgeting import api, views

urlpatterns = [
    path("budget/", views.cycle_list, name="cycles"),
    path("budget/<slug:slug>/", views.cycle_detail, name="cycle"),
    path("budget/<slug:slug>/propose/", views.propose, name="cycle_propose"),
    path("budget/<slug:slug>/ballot/", views.ballot, name="ballot"),
    path("budget/<slug:slug>/results/", views.results, name="results"),
    path("budget/<slug:slug>/results/<int:pot>/rounds/", views.rounds, name="rounds"),
    path("api/v1/cycles/", api.Cycles.as_view(), name="api_cycles"),
    path("api/v1/cycles/<slug:slug>/", api.OneCycle.as_view(), name="api_cycle"),
    path("api/v1/cycles/<slug:slug>/ballot/", api.MyBallot.as_view(), name="api_ballot"),
    path("api/v1/cycles/<slug:slug>/results/", api.Results.as_view(), name="api_results"),
]
