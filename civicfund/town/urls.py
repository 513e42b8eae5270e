"""Composed pages."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from civicfund.town import api, views

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.my_page, name="my_page"),
    path("neighborhoods/<slug:slug>/", views.neighborhood, name="neighborhood"),
    path("projects/<int:pk>/", views.project, name="project"),
    path("health/", views.health, name="health"),
    path("health/work/", views.health_of_work, name="health_of_work"),
    path("api/v1/", api.Root.as_view(), name="api_root"),
    path(
        "api/v1/schema/",
        SpectacularAPIView.as_view(permission_classes=[AllowAny]),
        name="api_schema",
    ),
]
