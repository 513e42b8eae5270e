"""Pages of a local try-out: only while DEBUG is on."""

from __future__ import annotations

from django.urls import path

from civicfund.town import local_views

urlpatterns = [path("styleguide/", local_views.styleguide, name="styleguide")]
