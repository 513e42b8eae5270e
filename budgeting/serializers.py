"""Cycles, ballots and outcomes as the API says them. Amounts are minor units of ``currency``."""

from __future__ import annotations

from rest_framework import serializers

from budgeting.models import Cycle, Extension, Option, Phase, PhaseMove, Pot
from budgeting.services.ballots import Choice
from civicfund.places.models import Neighborhood


class PhaseOutput(serializers.ModelSerializer[Phase]):
    """A window of time: ``ends_at`` is the first instant after it."""

    class Meta:
        model = Phase
        fields = ("kind", "starts_at", "ends_at")


class CycleOutput(serializers.ModelSerializer[Cycle]):
    """A cycle in a list."""

    phases = PhaseOutput(many=True)

    class Meta:
        model = Cycle
        fields = (
            "slug", "title", "summary", "origin", "state", "ballot_kind", "rule",
            "rule_parameters", "ties", "tie_commitment", "currency", "phases", "published_at",
        )  # fmt: skip


class OptionOutput(serializers.ModelSerializer[Option]):
    """A line on the ballot; ``code`` is what a ballot names it by.

    Of those of a pot with one ``group`` that is not empty, at most one can win.
    """

    group = serializers.CharField(source="exclusion_group")
    project = serializers.IntegerField(source="proposal.project_id", default=None)

    class Meta:
        model = Option
        fields = ("code", "name", "cost_minor", "group", "project")


class PotOutput(serializers.ModelSerializer[Pot]):
    """A pot and the options on its ballot."""

    place = serializers.SlugRelatedField[Neighborhood](slug_field="slug", read_only=True)
    options = OptionOutput(many=True)

    class Meta:
        model = Pot
        fields = (
            "id", "name", "place", "amount_minor", "min_options", "max_options", "min_points",
            "max_points", "max_sum_points", "options",
        )  # fmt: skip


class ExtensionOutput(serializers.ModelSerializer[Extension]):
    """That voting ends later than was said, and why."""

    class Meta:
        model = Extension
        fields = ("from_at", "to_at", "at", "reason")


class MoveOutput(serializers.ModelSerializer[PhaseMove]):
    """That a phase is later than was said, and why."""

    class Meta:
        model = PhaseMove
        fields = (
            "kind", "from_starts_at", "from_ends_at", "to_starts_at", "to_ends_at", "at", "reason",
        )  # fmt: skip


class CycleDetailOutput(CycleOutput):
    """One cycle with its pots and options."""

    extensions = ExtensionOutput(many=True)
    moves = MoveOutput(many=True)
    pots = PotOutput(many=True)
    voters = serializers.IntegerField(help_text="How many have voted so far.")

    class Meta(CycleOutput.Meta):
        fields = (*CycleOutput.Meta.fields, "voters", "extensions", "moves", "pots")  # type: ignore[assignment]  # longer


class PotBallotInput(serializers.Serializer[object]):
    """What a voter chooses for one pot: the options' codes, and points for each where asked.

    On a ballot that ranks, the codes stand in order, the one ranked first being the first.
    """

    pot = serializers.IntegerField(min_value=1)
    options = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=1000, allow_empty=True
    )
    points = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**31 - 1),
        max_length=1000,
        required=False,
        allow_null=True,
    )


class BallotInput(serializers.Serializer[object]):
    """A whole ballot: it replaces the voter's earlier one, for every pot."""

    pots = PotBallotInput(many=True, allow_empty=False)

    def validate_pots(self, pots: list[dict[str, object]]) -> list[dict[str, object]]:
        """Each pot is named once."""
        named = [pot["pot"] for pot in pots]
        if len(set(named)) < len(named):
            raise serializers.ValidationError("A pot is named twice.")
        return pots

    def choices(self) -> dict[int, Choice]:
        """What the service takes, by the pot's id."""
        return {
            pot["pot"]: Choice(options=pot["options"], points=pot.get("points"))
            for pot in self.validated_data["pots"]
        }


class BallotStatusOutput(serializers.Serializer[object]):
    """Where the voter stands: not_begun, not_cast, cast, changed, on_paper or closed; never what it
    says."""

    standing = serializers.CharField()
    cast_at = serializers.DateTimeField(allow_null=True)
    voting_ends_at = serializers.DateTimeField(allow_null=True)
    pots = serializers.ListField(child=serializers.IntegerField())


class CastOutput(serializers.Serializer[object]):
    """The ballot is recorded."""

    cast_at = serializers.DateTimeField(source="at")
    changed = serializers.BooleanField()
    # Kept nowhere: its SHA-256 is on the board.
    receipt = serializers.CharField()


class OptionResultOutput(serializers.Serializer[object]):
    """What became of an option, and why."""

    code = serializers.CharField(source="option.code")
    name = serializers.CharField(source="option.name")
    cost_minor = serializers.IntegerField(source="option.cost_minor")
    won = serializers.BooleanField()
    support = serializers.IntegerField()
    reason = serializers.CharField()
    would_win = serializers.ListField(
        child=serializers.CharField(), help_text="Changes that were tried and make it win."
    )
    selected_by_city = serializers.BooleanField(source="option.selected_by_city", allow_null=True)


class OtherRuleOutput(serializers.Serializer[object]):
    """What another rule makes of the same ballots."""

    rule = serializers.CharField(source="tally.rule")
    selected = serializers.ListField(
        child=serializers.CharField(), source="tally.outcome.selected", help_text="Codes."
    )
    spent_minor = serializers.IntegerField()
    fairness = serializers.JSONField(source="tally.fairness")


class PotResultOutput(serializers.Serializer[object]):
    """The outcome of one pot, with all that it depends on."""

    pot = serializers.IntegerField(source="pot.pk")
    name = serializers.CharField(source="pot.name")
    amount_minor = serializers.IntegerField(source="pot.amount_minor")
    spent_minor = serializers.IntegerField()
    rule = serializers.CharField(source="tally.rule")
    parameters = serializers.JSONField(source="tally.parameters")
    ties = serializers.CharField(source="tally.ties")
    tie_seed = serializers.CharField(source="tally.tie_seed")
    digest = serializers.CharField(source="tally.digest")
    ballots = serializers.IntegerField(source="tally.ballots")
    outcome = serializers.JSONField(source="tally.outcome")
    fairness = serializers.JSONField(
        source="tally.fairness", help_text='Counts of ballots; ratios are strings "n/d".'
    )
    other_rules = OtherRuleOutput(many=True, source="others")
    options = OptionResultOutput(many=True)


class ResultsOutput(serializers.Serializer[object]):
    """Every pot's outcome; ``pots`` is empty before it is published."""

    state = serializers.CharField()
    void_ballots = serializers.IntegerField()
    pots = PotResultOutput(many=True)


class RefusalOutput(serializers.Serializer[object]):
    """Why it was refused; ``pots`` says it by the pot's id where it is about one.

    ``options`` gives the code of the option that it is about, by the pot's id.
    """

    detail = serializers.CharField()
    pots = serializers.DictField(child=serializers.CharField(), required=False)
    options = serializers.DictField(child=serializers.CharField(), required=False)
