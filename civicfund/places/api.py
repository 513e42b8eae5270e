"""Places over the API: the list, the outlines, and which place a point is in."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from civicfund.places.models import Neighborhood
from civicfund.places.selectors import feature_collection, neighborhood_at
from civicfund.places.serializers import FeatureCollectionOutput, PlaceOutput, PointInput


class Places(ListAPIView[Neighborhood]):
    """The town's places, widest first."""

    permission_classes = (AllowAny,)
    serializer_class = PlaceOutput
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Neighborhood]:
        """Each with its parent, without outlines."""
        rows = Neighborhood.objects.widest_first().select_related("parent")
        return rows.defer("boundary", "parent__boundary")


class Outlines(APIView):
    """The neighborhoods' outlines."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=FeatureCollectionOutput)
    def get(self, request: Request) -> Response:
        """A GeoJSON FeatureCollection (WGS 84)."""
        return Response(
            feature_collection(Neighborhood.objects.neighborhoods()),
            content_type="application/geo+json",
        )


class PlaceAtPoint(APIView):
    """Which neighborhood a point is in."""

    permission_classes = (AllowAny,)

    @extend_schema(parameters=[PointInput], responses=PlaceOutput)
    def get(self, request: Request) -> Response:
        """The neighborhood; 404 outside the town."""
        asked = PointInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        point = asked.validated_data
        place = neighborhood_at(float(point["latitude"]), float(point["longitude"]))
        if place is None:
            raise Http404
        return Response(PlaceOutput(place).data)
