"""The site with a door that somebody left open, and one that nobody declared."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def open_door(request: HttpRequest, **named: object) -> HttpResponse:
    return HttpResponse("All the money.")


urlpatterns = [
    path("treasury/", open_door),
    path("pledges/<uuid:pk>/", open_door),
    path("treasury/backdoor/", open_door),
    path("", include("civicfund.urls")),
]
