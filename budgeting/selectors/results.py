"""The outcome of a counted cycle, pot by pot and option by option."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.db.models import Count, Prefetch
from django.utils.translation import ngettext

from budgeting.domain.outcome import Outcome
from budgeting.models import Cycle, Option, Pot, Tally
from budgeting.templatetags.budgeting import reason_sentence, thousands
from civicfund.templatetags.money import money

# A page with hundreds of bars shows nothing.
MOST_DRAWN = 30


@dataclass(frozen=True, slots=True)
class OptionResult:
    """What became of one option, and why. ``support`` is votes, or points where they are given."""

    option: Option
    won: bool
    support: int
    reason: str
    # What would have made it win: each sentence was tried; empty while it is not, or where nothing
    # was found.
    would_win: tuple[str, ...]
    # Whether each of the other rules would have chosen it, in their order.
    won_beside: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """How an outcome treats the voters, in whole percent where it says so."""

    tally: Tally

    @property
    def with_a_winner(self) -> int:
        """Ballots with at least one winner on them."""
        number: int = self.tally.fairness["with_a_winner"]
        return number

    @property
    def with_a_winner_percent(self) -> int:
        """Of all ballots."""
        return percent(self.with_a_winner, self.tally.ballots)

    @property
    def without_percent(self) -> int:
        """Of the ballots that chose something, those that got nothing of it."""
        return round(100 * Fraction(self.tally.fairness["exclusion"]))

    @property
    def average_winners(self) -> float:
        """Winners on a ballot."""
        return float(Fraction(self.tally.fairness["average_winners"]))

    @property
    def spent_minor(self) -> int:
        """What the selected options cost together."""
        spent: int = self.tally.outcome["total_cost_minor"]
        return spent

    @property
    def selected(self) -> int:
        """How many options won."""
        return len(self.tally.outcome["selected"])

    @property
    def prefer_here(self) -> int:
        """Ballots with more winners under this rule than under the binding one."""
        number: int = self.tally.fairness["beside_binding"]["prefer_here"]
        return number

    @property
    def prefer_binding(self) -> int:
        """Ballots with more winners under the binding rule."""
        number: int = self.tally.fairness["beside_binding"]["prefer_there"]
        return number


@dataclass(frozen=True)
class PotResult:
    """The outcome of one pot by the binding rule, and by others for comparison."""

    pot: Pot
    tally: Tally
    others: tuple[Figures, ...]
    options: tuple[OptionResult, ...]
    # Money in minor units for each voter of a neighborhood, the most first; empty where unknown.
    per_voter: tuple[tuple[str, Fraction], ...]
    currency: str

    @property
    def figures(self) -> Figures | None:
        """How the binding outcome treats the voters; None for tallies from before it was kept."""
        return Figures(self.tally) if self.tally.fairness else None

    @cached_property
    def winners(self) -> list[OptionResult]:
        """The selected options, those with the most support first."""
        return [result for result in self.options if result.won]

    @cached_property
    def losers(self) -> list[OptionResult]:
        """The others, those with the most support first."""
        return [result for result in self.options if not result.won]

    @property
    def digest(self) -> str:
        """The SHA-256 of the outcome, which is what one certifies and another publishes."""
        return Outcome.from_json(self.tally.outcome).digest

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
        """The options with most support for ``<c-chart.bars>``; the table beside has them all."""
        return [
            {
                "label": result.option.name,
                "value": result.support,
                "display": thousands(result.support),
                "tone": "good" if result.won else "muted",
            }
            for result in self.options[:MOST_DRAWN]
        ]

    @cached_property
    def winners_rows(self) -> list[dict[str, Any]]:
        """How many ballots have none, one, two… of the winners, for ``<c-chart.bars>``."""
        by_winners: list[int] = self.tally.fairness.get("by_winners", [])
        return [
            {
                "label": ngettext("%(n)s winner", "%(n)s winners", number) % {"n": number},
                "value": ballots,
                "display": thousands(ballots),
                "tone": "good" if number else "muted",
            }
            for number, ballots in enumerate(by_winners)
        ]

    @property
    def per_voter_rows(self) -> list[dict[str, Any]]:
        """Money for each voter of a neighborhood, for ``<c-chart.bars>``."""
        return [
            {"label": name, "value": int(each), "display": money(int(each), self.currency)}
            for name, each in self.per_voter
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


def percent(part: int, whole: int) -> int:
    """To the nearest whole percent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


def results_of(cycle: Cycle) -> list[PotResult]:
    """The outcome of each counted pot. The caller has checked that it may be shown."""
    pots = cycle.pots.select_related("place").prefetch_related(
        "options__proposal__project__neighborhood",
        # What the rounds are drawn from is for their own page.
        Prefetch(
            "tallies",
            Tally.objects.defer("levels").prefetch_related("counterfactuals").order_by("pk"),
        ),
    )
    voters = _voters_by_place(cycle)
    return [result for pot in pots if (result := _pot_result(cycle, pot, voters))]


def _voters_by_place(cycle: Cycle) -> dict[int, int]:
    rows = cycle.roll.values_list("place").annotate(voters=Count("pk"))
    return dict(rows.order_by())


def _pot_result(cycle: Cycle, pot: Pot, voters: dict[int, int]) -> PotResult | None:
    tallies = list(pot.tallies.all())
    binding = next((tally for tally in tallies if tally.binding), None)
    if binding is None:
        return None
    others = tuple(Figures(tally) for tally in tallies if not tally.binding)
    options = list(pot.options.all())
    names = {option.code: option.name for option in options}
    selected = set(binding.outcome["selected"])
    changes = {row.code: row.reasons for row in binding.counterfactuals.all()}
    beside = [set(other.tally.outcome["selected"]) for other in others]
    results = [
        OptionResult(
            option=option,
            won=option.code in selected,
            support=binding.support[option.code],
            reason=reason_sentence(binding.reasons[option.code], names, cycle.currency),
            would_win=tuple(
                reason_sentence(each, names, cycle.currency)
                for each in changes.get(option.code, ())
            ),
            won_beside=tuple(option.code in winners for winners in beside),
        )
        for option in options
    ]
    results.sort(key=lambda result: (-result.support, result.option.position))
    per_voter = _per_voter([result.option for result in results if result.won], voters)
    return PotResult(pot, binding, others, tuple(results), per_voter, cycle.currency)


def _per_voter(winners: list[Option], voters: dict[int, int]) -> tuple[tuple[str, Fraction], ...]:
    """What is spent in each neighborhood that wins something, for each of its voters."""
    spent: Counter[tuple[int, str]] = Counter()
    for option in winners:
        if option.proposal:
            place = option.proposal.project.neighborhood
            spent[place.pk, place.name] += option.cost_minor
    each = [
        (name, Fraction(amount, voters[place]))
        for (place, name), amount in spent.items()
        if voters.get(place)
    ]
    return tuple(sorted(each, key=lambda row: (-row[1], row[0])))
