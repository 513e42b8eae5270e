"""The rounds of a count, one picture each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from budgeting.domain.outcome import Outcome, Result, Round, Step
from budgeting.models import Option, Pot, Tally
from budgeting.templatetags.budgeting import round_sentence, thousands
from civicfund.templatetags.money import money

# So many of those that are still in the running are drawn, the nearest first.
MOST_DRAWN = 12


@dataclass(frozen=True)
class Rounds:
    """All decisions of a count, as a table; ``at`` of them is looked at, from 1."""

    pot: Pot
    tally: Tally
    outcome: Outcome
    options: dict[str, Option]
    currency: str
    at: int

    @property
    def number(self) -> int:
        """How many decisions there are."""
        return len(self.outcome.rounds)

    @property
    def current(self) -> Round:
        """The decision that is looked at."""
        return self.outcome.rounds[self.at - 1]

    @property
    def before(self) -> int | None:
        """The number of the decision before it."""
        return self.at - 1 if self.at > 1 else None

    @property
    def after(self) -> int | None:
        """The number of the decision after it."""
        return self.at + 1 if self.at < self.number else None

    @property
    def sentence(self) -> str:
        """What was decided in this round, and by what."""
        return self._told(self.current)

    @cached_property
    def pot_rows(self) -> list[dict[str, Any]]:
        """What is spent before this round, what it spends, and what is left, for a stacked bar."""
        won = [each for each in self.outcome.rounds[: self.at] if each.result is Result.SELECTED]
        costs = {each.option: self.options[each.option].cost_minor for each in won}
        spends = costs.pop(self.current.option, 0)
        left = self.pot.amount_minor - sum(costs.values()) - spends
        parts = [
            (_("spent before"), sum(costs.values()), "good"),
            (_("this round"), spends, "live"),
            (_("left"), left, "muted"),
        ]
        return [
            {"label": label, "value": value, "display": money(value, self.currency), "tone": tone}
            for label, value, tone in parts
        ]

    @property
    def shows_levels(self) -> bool:
        """Whether voters have money under this rule, and how much is left of it is known."""
        return bool(self.tally.levels) and self.current.step is Step.MAIN

    @cached_property
    def nearest_rows(self) -> list[dict[str, Any]]:
        """Those still in the running before this round, the nearest first, for bars."""
        if self.shows_levels:
            return self._level_rows()
        decided = {each.option for each in self.outcome.rounds[: self.at - 1]}
        left = [code for code in self.options if code not in decided]
        left.sort(key=lambda code: (-self.tally.support[code], self.options[code].position))
        return [
            self._row(code, self.tally.support[code], thousands(self.tally.support[code]))
            for code in self._drawn(left)
        ]

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """Every decision in its order: number, name, what it was, what was left before it."""
        return [
            {
                "number": number,
                "name": self.options[each.option].name,
                "won": each.result is Result.SELECTED,
                "told": self._told(each),
                "cost_minor": self.options[each.option].cost_minor,
                "remaining_minor": each.remaining_minor,
            }
            for number, each in enumerate(self.outcome.rounds, start=1)
        ]

    def _level_rows(self) -> list[dict[str, Any]]:
        bought = sum(
            each.step is Step.MAIN and each.result is Result.SELECTED
            for each in self.outcome.rounds[: self.at - 1]
        )
        level: dict[str, int] = self.tally.levels[bought]
        nearest = sorted(level, key=lambda code: (-level[code], self.options[code].position))
        return [
            # A bar is full when they can pay for it; the figure beside it says how much they have.
            self._row(code, min(level[code], 100), f"{thousands(level[code])} %")
            for code in self._drawn(nearest)
        ]

    def _drawn(self, codes: list[str]) -> list[str]:
        """The first few, and the one that this round is about."""
        drawn = codes[:MOST_DRAWN]
        current = self.current.option
        return drawn if current in drawn else [*drawn[: MOST_DRAWN - 1], current]

    def _row(self, code: str, value: int, display: str) -> dict[str, Any]:
        tone = "live" if code == self.current.option else "muted"
        label = self.options[code].name
        return {"label": label, "value": value, "display": display, "tone": tone}

    def _told(self, each: Round) -> str:
        names = {code: option.name for code, option in self.options.items()}
        cost_minor = self.options[each.option].cost_minor
        return round_sentence(each, names, cost_minor, self.currency, self.outcome.rule)


def rounds_of(pot: Pot, at: int) -> Rounds | None:
    """The rounds of a pot's binding count; None where there are none, or not so many."""
    tally = pot.tallies.filter(binding=True).first()
    if tally is None:
        return None
    outcome = Outcome.from_json(tally.outcome)
    if not 1 <= at <= len(outcome.rounds):
        return None
    options = {option.code: option for option in pot.options.order_by("position")}
    return Rounds(pot, tally, outcome, options, pot.cycle.currency, at)
