"""A person's own pages. Signing in and up is allauth's."""

from __future__ import annotations

from django.urls import path

from civicfund.people import views

urlpatterns = [path("me/residency/", views.residency, name="residency")]
