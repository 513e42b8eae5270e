"""The outcome of a counted cycle, pot by pot and option by option."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from budgeting.models import Cycle, Option, Pot, Tally
from budgeting.templatetags.budgeting import reason_sentence, thousands


@dataclass(frozen=True, slots=True)
class OptionResult:
    """What became of one option, and why. ``support`` is votes, or points where they are given."""

    option: Option
    won: bool
    support: int
    reason: str
    # Whether the other rule would have chosen it; None where only one was counted.
    won_beside: bool | None


@dataclass(frozen=True)
class PotResult:
    """The outcome of one pot by the binding rule, and by another one for comparison."""

    pot: Pot
    tally: Tally
    beside: Tally | None
    options: tuple[OptionResult, ...]

    @cached_property
    def winners(self) -> list[OptionResult]:
        """The selected options, those with the most support first."""
        return [result for result in self.options if result.won]

    @cached_property
    def losers(self) -> list[OptionResult]:
        """The others, those with the most support first."""
        return [result for result in self.options if not result.won]

    @property
    def spent_minor(self) -> int:
        """What the selected options cost together."""
        spent: int = self.tally.outcome["total_cost_minor"]
        return spent

    @property
    def left_minor(self) -> int:
        """What stays in the pot."""
        return self.pot.amount_minor - self.spent_minor

    @cached_property
    def support_rows(self) -> list[dict[str, Any]]:
        """The support of each option for ``<c-chart.bars>``."""
        return [
            {
                "label": result.option.name,
                "value": result.support,
                "display": thousands(result.support),
                "tone": "good" if result.won else "muted",
            }
            for result in self.options
        ]

    @cached_property
    def city_winners(self) -> list[OptionResult]:
        """What the city itself selected."""
        return [result for result in self.options if result.option.selected_by_city]

    @property
    def city_decided(self) -> bool:
        """Whether it is known what the city itself selected."""
        return any(result.option.selected_by_city is not None for result in self.options)

    @cached_property
    def only_here(self) -> list[OptionResult]:
        """Selected by our count and not by the city."""
        return [r for r in self.options if r.won and r.option.selected_by_city is False]

    @cached_property
    def only_city(self) -> list[OptionResult]:
        """Selected by the city and not by our count."""
        return [r for r in self.options if not r.won and r.option.selected_by_city]


def results_of(cycle: Cycle) -> list[PotResult]:
    """The outcome of each counted pot. The caller has checked that it may be shown."""
    pots = cycle.pots.select_related("place").prefetch_related(
        "options__proposal__project", "tallies"
    )
    return [result for pot in pots if (result := _pot_result(cycle, pot))]


def _pot_result(cycle: Cycle, pot: Pot) -> PotResult | None:
    tallies = list(pot.tallies.all())
    binding = next((tally for tally in tallies if tally.binding), None)
    if binding is None:
        return None
    beside = next((tally for tally in tallies if not tally.binding), None)
    options = list(pot.options.all())
    names = {option.code: option.name for option in options}
    selected = set(binding.outcome["selected"])
    selected_beside = set(beside.outcome["selected"]) if beside else set()
    results = [
        OptionResult(
            option=option,
            won=option.code in selected,
            support=binding.support[option.code],
            reason=reason_sentence(binding.reasons[option.code], names, cycle.currency),
            won_beside=option.code in selected_beside if beside else None,
        )
        for option in options
    ]
    results.sort(key=lambda result: (-result.support, result.option.position))
    return PotResult(pot, binding, beside, tuple(results))
