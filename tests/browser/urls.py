"""The site and its local pages, which exist only while DEBUG is on."""

from __future__ import annotations

from django.urls import include, path

from civicfund.urls import *  # noqa: F403
from civicfund.urls import urlpatterns as site_urls

urlpatterns = [*site_urls, path("local/", include("civicfund.town.local_urls"))]
