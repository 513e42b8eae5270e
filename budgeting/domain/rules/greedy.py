"""Greedy: down a ranking of the options, funding each that the money left can still pay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from budgeting.domain.election import Election
from budgeting.domain.outcome import Result, Round, Step
from budgeting.domain.support import Support
from budgeting.domain.ties import TieOrder


@dataclass(frozen=True, slots=True)
class Greedy:
    """How to go down the ranking.

    ``per_cost`` ranks by utility divided by cost instead of utility. ``stop`` ends at the first
    option that does not fit instead of skipping it. Options with fewer votes or points than
    ``threshold`` are not funded.
    """

    per_cost: bool = False
    stop: bool = False
    threshold: int = 0


@dataclass(slots=True)
class _Walk:
    """A walk down the ranking: the money left, the groups taken, the rounds so far."""

    election: Election
    support: Support
    ties: TieOrder
    how: Greedy
    step: Step
    remaining_minor: int
    taken: set[str]
    stopped: bool = False
    rounds: list[Round] = field(default_factory=list)

    def visit(self, option: int, tied: Sequence[int]) -> None:
        """Decide on one option; ``tied`` are those a tie order put behind it."""
        self.rounds.append(
            Round(
                option=self.election.options[option].id,
                result=(result := self._judge(option)),
                score=Fraction(self.support.totals[option]),
                support=self.support.votes[option],
                remaining_minor=self.remaining_minor,
                step=self.step,
                tied_with=tuple(sorted(self.election.options[other].id for other in tied)),
            )
        )
        if result is Result.SELECTED:
            self.remaining_minor -= self.election.options[option].cost_minor
            if (group := self.election.options[option].group) is not None:
                self.taken.add(group)
        if result is Result.DOES_NOT_FIT and self.how.stop:
            self.stopped = True

    def order(self, block: list[int]) -> tuple[list[int], bool]:
        """A block of equal scores in the order to visit, and whether a tie order decided it."""
        options = self.election.options
        ids = sorted(options[option].id for option in block)
        matters = self._order_matters(block)
        ordered = self.ties.order(ids) if matters else ids
        return [self.election.index[option_id] for option_id in ordered], matters

    def _judge(self, option: int) -> Result:
        if self.support.totals[option] < self.how.threshold:
            return Result.BELOW_THRESHOLD
        if self.stopped:
            return Result.AFTER_STOP
        if self.election.options[option].group in self.taken:
            return Result.GROUP_TAKEN
        if self.election.options[option].cost_minor > self.remaining_minor:
            return Result.DOES_NOT_FIT
        return Result.SELECTED

    def _order_matters(self, block: list[int]) -> bool:
        """Whether another order of a block could fund something else."""
        judged = [(option, self._judge(option)) for option in block]
        fits = [self.election.options[option] for option, each in judged if each is Result.SELECTED]
        groups = [option.group for option in fits if option.group is not None]
        if self.how.stop and fits and len(block) > 1:
            fits += [
                self.election.options[option]
                for option, each in judged
                if each is Result.DOES_NOT_FIT
            ]
        too_much = sum(option.cost_minor for option in fits) > self.remaining_minor
        return len(fits) > 1 and (too_much or len(set(groups)) < len(groups))


def walk(
    election: Election,
    support: Support,
    ties: TieOrder,
    how: Greedy,
    *,
    already: Sequence[int] = (),
    step: Step = Step.MAIN,
) -> list[Round]:
    """The rounds of greedy on the options not in ``already``, with the money those leave."""
    options = election.options
    state = _Walk(
        election,
        support,
        ties,
        how,
        step,
        election.budget_minor - sum(options[option].cost_minor for option in already),
        {group for option in already if (group := options[option].group) is not None},
    )
    done = set(already)
    for block in _blocks(election, support, how, done):
        ordered, tied = state.order(block)
        for place, option in enumerate(ordered):
            state.visit(option, ordered[place + 1 :] if tied else ())
    return state.rounds


def _blocks(
    election: Election, support: Support, how: Greedy, done: set[int]
) -> Iterator[list[int]]:
    """Options of equal score together, best score first."""

    def rank(option: int) -> tuple[bool, Fraction]:
        cost, total = election.options[option].cost_minor, support.totals[option]
        if not how.per_cost:
            return True, Fraction(-total)
        if cost == 0 and total > 0:
            return False, Fraction(0)  # no ratio is better than support for nothing
        return True, Fraction(-total, cost or 1)

    free = sorted(
        (option for option in range(len(election.options)) if option not in done), key=rank
    )
    for _, block in groupby(free, key=rank):
        yield list(block)
