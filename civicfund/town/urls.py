"""Composed pages."""

from __future__ import annotations

from django.urls import path

from civicfund.town import views

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.my_page, name="my_page"),
    path("neighborhoods/<slug:slug>/", views.neighborhood, name="neighborhood"),
    path("projects/<int:pk>/", views.project, name="project"),
    path("health/", views.health, name="health"),
]
