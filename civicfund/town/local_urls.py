"""Pages of a local try-out: only while DEBUG is on."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
