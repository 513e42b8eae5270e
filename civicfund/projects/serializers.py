"""Projects, as the API writes and reads them."""

from __future__ import annotations

from rest_framework import serializers

from civicfund.places.models import Neighborhood
from civicfund.projects.enums import Category, ProjectState
from civicfund.projects.models import (
    LONGEST_STORY,
    MOST_PER_LINE_MINOR,
    MOST_YEARS,
    CostLine,
    Project,
)
from civicfund.projects.selectors import missing_parts
from civicfund.projects.services import MOST_COST_LINES, Cost, Description


class CostLineOutput(serializers.ModelSerializer[CostLine]):
    """One thing to pay for; the amount in minor units of the town's currency."""

    class Meta:
        model = CostLine
        fields = ["label", "amount_minor"]
        read_only_fields = fields


class ProjectOutput(serializers.ModelSerializer[Project]):
    """A project in a list."""

    state = serializers.ChoiceField(choices=ProjectState.choices)
    category = serializers.ChoiceField(choices=Category.choices)
    neighborhood = serializers.SlugRelatedField[Neighborhood](slug_field="slug", read_only=True)
    cost_minor = serializers.IntegerField(help_text="The sum of the cost lines, in minor units.")
    support_count = serializers.IntegerField(help_text="How many people support it.")
    page = serializers.SerializerMethodField(help_text="The project's page, from the site's root.")

    class Meta:
        model = Project
        fields = [
            "id",
            "state",
            "title",
            "summary",
            "category",
            "neighborhood",
            "latitude",
            "longitude",
            "address",
            "cost_minor",
            "running_minor",
            "lifetime_years",
            "support_count",
            "published_at",
            "page",
        ]
        read_only_fields = fields

    def get_page(self, project: Project) -> str:
        """The path of the project's page."""
        return project.get_absolute_url()


class ProjectDetailOutput(ProjectOutput):
    """A project with its story, its cost lines and what it lacks to be ready."""

    proposer = serializers.CharField(source="credit")
    cost_lines = CostLineOutput(many=True)
    missing = serializers.SerializerMethodField(help_text="The parts it lacks to be ready.")

    class Meta(ProjectOutput.Meta):
        fields = [
            *ProjectOutput.Meta.fields,
            "proposer",
            "story",
            "cost_lines",
            "missing",
            "updated_at",
        ]
        read_only_fields = fields

    def get_missing(self, project: Project) -> list[str]:
        """The codes of the missing parts."""
        return [part.value for part in missing_parts(project)]


class CostLineInput(serializers.Serializer[Cost]):
    """One thing to pay for; the amount in minor units of the town's currency."""

    label = serializers.CharField(max_length=120)  # type: ignore[assignment]  # a field by this name
    amount_minor = serializers.IntegerField(min_value=1, max_value=MOST_PER_LINE_MINOR)


class ProjectInput(serializers.Serializer[Project]):
    """What a proposer writes. Without a neighborhood, the one at the point is taken."""

    title = serializers.CharField(max_length=120)
    summary = serializers.CharField(max_length=280)
    story = serializers.CharField(max_length=LONGEST_STORY, required=False, allow_blank=True)
    category = serializers.ChoiceField(choices=Category.choices, required=False)
    neighborhood = serializers.SlugRelatedField(
        slug_field="slug", queryset=Neighborhood.objects.all(), required=False, allow_null=True
    )
    latitude = serializers.FloatField(min_value=-90, max_value=90, required=False, allow_null=True)
    longitude = serializers.FloatField(
        min_value=-180, max_value=180, required=False, allow_null=True
    )
    address = serializers.CharField(max_length=200, required=False, allow_blank=True)
    running_minor = serializers.IntegerField(
        min_value=0, max_value=MOST_PER_LINE_MINOR, required=False, allow_null=True
    )
    lifetime_years = serializers.IntegerField(
        min_value=1, max_value=MOST_YEARS, required=False, allow_null=True
    )
    cost_lines = CostLineInput(  # type: ignore[call-arg]  # the list's own argument
        many=True, required=False, max_length=MOST_COST_LINES
    )

    def description(self) -> Description:
        """What was written, in the services' words: only what was given."""
        given: Description = {**self.validated_data}  # type: ignore[typeddict-item]  # checked above
        if "category" in given:
            given["category"] = Category(given["category"])
        if "cost_lines" in given:
            given["cost_lines"] = [Cost(**line) for line in self.validated_data["cost_lines"]]
        return given
