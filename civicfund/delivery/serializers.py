"""Plans, as the API reads them."""

from __future__ import annotations

from datetime import datetime

from rest_framework import serializers

from civicfund.delivery.enums import Reach
from civicfund.delivery.models import Milestone


class MilestoneOutput(serializers.ModelSerializer[Milestone]):
    """One step of a project's plan; what its owner said of it is read once it is confirmed."""

    reach = serializers.ChoiceField(choices=Reach.choices)
    words = serializers.SerializerMethodField(
        help_text="What its owner said was done; empty until somebody of the town confirmed it."
    )
    reached_at = serializers.SerializerMethodField(help_text="Null until it is confirmed.")
    not_yet = serializers.SerializerMethodField(
        help_text="What was missing when somebody of the town last looked; empty otherwise."
    )

    class Meta:
        model = Milestone
        fields = [
            "position", "title", "shows", "due_on", "share_percent", "reach", "words",
            "reached_at", "not_yet",
        ]  # fmt: skip
        read_only_fields = fields

    def get_words(self, milestone: Milestone) -> str:
        """Public from its confirmation on."""
        report = milestone.last_report
        return report.words if report and milestone.reach == Reach.REACHED else ""

    def get_reached_at(self, milestone: Milestone) -> datetime | None:
        """When it was confirmed."""
        verdict = milestone.last_verdict
        return verdict.at if verdict and verdict.confirmed else None

    def get_not_yet(self, milestone: Milestone) -> str:
        """The public reason of the last no, until the owner says anew that it is reached."""
        verdict = milestone.last_verdict
        return verdict.words if verdict and not verdict.confirmed else ""
