"""Addresses that fail in each way."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.urls import path

from civicfund.urls import *  # noqa: F403
from civicfund.urls import urlpatterns as site_urls


def bad(request):
    raise SuspiciousOperation


def closed(request):
    raise PermissionDenied


def broken(request):
    raise RuntimeError


urlpatterns = [
    *site_urls,
    path("fails/400/", bad),
    path("fails/403/", closed),
    path("fails/500/", broken),
]
