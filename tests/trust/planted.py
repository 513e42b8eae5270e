"""The control of the two towns: a view that shows how the vote is going, as a careless town has."""

from __future__ import annotations

from collections import Counter, defaultdict

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from civicfund.urls import urlpatterns as of_the_site

_chosen: defaultdict[str, Counter[str]] = defaultdict(Counter)


def note(codes: list[str]) -> None:
    """What careless casting keeps beside the sealed ballot."""
    _chosen[connection.settings_dict["NAME"]].update(codes)


def trend(request: HttpRequest, slug: str) -> JsonResponse:
    """How often each option was chosen so far."""
    return JsonResponse(_chosen[connection.settings_dict["NAME"]])


urlpatterns = [path("budget/<slug:slug>/trend/", trend), *of_the_site]
