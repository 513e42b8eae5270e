"""The root of the API."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

# What the API offers, by the name of its route. An app adds its own line.
OFFERED = {
    "campaigns": "api_campaigns",
    "cycles": "api_cycles",
    "neighborhoods": "api_neighborhoods",
    "outlines": "api_outlines",
    "projects": "api_projects",
    "schema": "api_schema",
}

ADDRESSES = {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}


class Root(APIView):
    """Where everything is."""

    permission_classes = (AllowAny,)

    @extend_schema(responses={200: ADDRESSES})
    def get(self, request: Request) -> Response:
        """The address of every list."""
        return Response(
            {name: request.build_absolute_uri(reverse(route)) for name, route in OFFERED.items()}
        )
