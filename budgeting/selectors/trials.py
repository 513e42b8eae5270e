"""Trials as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from budgeting.models import Trial
from budgeting.selectors.results import percent
from budgeting.templatetags.budgeting import rule_words


@dataclass(frozen=True, slots=True)
class Tried:
    """What one rule makes of a trial's ballots."""

    rule: str
    result: dict[str, Any]

    @property
    def words(self) -> str:
        """The rule's name."""
        return rule_words(self.rule)

    @property
    def selected(self) -> int:
        """How many options won."""
        return len(self.result["selected"])

    @property
    def spent_minor(self) -> int:
        """What they cost together."""
        spent: int = self.result["spent_minor"]
        return spent

    @property
    def with_a_winner_percent(self) -> int:
        """Ballots with at least one winner on them, of all."""
        said = self.result["fairness"]
        return percent(said["with_a_winner"], said["ballots"])

    @property
    def without_percent(self) -> int:
        """Of the ballots that chose something, those that got nothing of it."""
        return round(100 * Fraction(self.result["fairness"]["exclusion"]))

    @property
    def average_winners(self) -> float:
        """Winners on a ballot."""
        return float(Fraction(self.result["fairness"]["average_winners"]))


@dataclass(frozen=True)
class Comparison:
    """The rules of a trial side by side, as far as they are counted."""

    trial: Trial

    @cached_property
    def tried(self) -> list[Tried]:
        """In the order of the rules."""
        results = self.trial.results
        return [Tried(rule, results[rule]) for rule in self.trial.rules if rule in results]

    @property
    def budget_minor(self) -> int | None:
        """What was in the pot; None before the first rule is counted."""
        return self.tried[0].result["budget_minor"] if self.tried else None

    @property
    def ballots(self) -> int:
        """How many ballots were counted."""
        return self.tried[0].result["fairness"]["ballots"] if self.tried else 0

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Each option that wins under some rule, those that win under most first."""
        won = [set(each.result["selected"]) for each in self.tried]
        rows = [
            option | {"won": [option["code"] in winners for winners in won]}
            for option in self.trial.options
            if any(option["code"] in winners for winners in won)
        ]
        return sorted(rows, key=lambda row: (-sum(row["won"]), row["name"]))

    @property
    def share_rows(self) -> list[dict[str, Any]]:
        """Ballots with a winner under each rule, for ``<c-chart.bars>``."""
        return [
            {
                "label": each.words,
                "value": each.with_a_winner_percent,
                "display": f"{each.with_a_winner_percent} %",
            }
            for each in self.tried
        ]


def latest_trials(most: int) -> QuerySet[Trial]:
    """The newest, without their files and outcomes."""
    return Trial.objects.defer("file", "options", "results").order_by("-pk")[:most]
