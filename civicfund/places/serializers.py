"""Places, as the API writes and reads them."""

from __future__ import annotations

from rest_framework import serializers

from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood


class PlaceOutput(serializers.ModelSerializer[Neighborhood]):
    """A city, a district or a neighborhood, without its outline."""

    kind = serializers.ChoiceField(choices=PlaceKind.choices)
    within = serializers.SlugRelatedField[Neighborhood](
        source="parent", slug_field="slug", read_only=True
    )

    class Meta:
        model = Neighborhood
        fields = ["slug", "name", "kind", "within", "population", "population_source"]
        read_only_fields = fields


class FeatureOutput(serializers.Serializer[dict[str, object]]):
    """One outline, as GeoJSON."""

    type = serializers.CharField()
    id = serializers.SlugField()
    geometry = serializers.JSONField()
    properties = serializers.DictField()


class FeatureCollectionOutput(serializers.Serializer[dict[str, object]]):
    """Outlines, as GeoJSON."""

    type = serializers.CharField()
    features = FeatureOutput(many=True)


class PointInput(serializers.Serializer[dict[str, float]]):
    """A point in degrees (WGS 84)."""

    latitude = serializers.DecimalField(
        max_digits=12, decimal_places=9, min_value=-90, max_value=90
    )
    longitude = serializers.DecimalField(
        max_digits=12, decimal_places=9, min_value=-180, max_value=180
    )
