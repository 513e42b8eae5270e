"""Add1: raise every voter's money step by step, and keep the last outcome that fits.

The outcome is not monotone in the money, so no step may be passed over unless it is proven to buy
the same. Two facts carry the proofs. As long as a run buys the same lots in the same order, more
money for everybody means that everybody has at least as much left after each purchase, and that
no price is higher. And if nobody has more than ``drift`` more than before, a lot's price is lower
by at most ``drift`` times the voters who pay all they have per worth to the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from budgeting.domain.rules.market import ROUNDING, Market, Mask
from budgeting.domain.rules.shares import Quote, Run, Trace

# Each step of a proof in floats is widened by more than its rounding.
WIDER = 1 + 16 * ROUNDING


@dataclass(frozen=True, slots=True)
class Walked:
    """Where the walk ended: the run to keep, its number of steps, and why it ended."""

    kept: Run
    steps: int
    reason: str
    exact_decisions: int
    runs: int


def walk_up(
    market: Market, endowment: Fraction, step_minor: int, ends: Callable[[Run], str]
) -> Walked:
    """Walk from an endowment by ``step_minor`` until a run exceeds the budget, or ``ends`` says.

    ``ends`` gives the reason to stop at a run, or nothing; it may look only at what was bought.
    """
    kept, kept_steps, steps, exact_decisions, runs = None, 0, 0, 0, 0
    trace: Trace | None = None
    while True:
        run = _run(market, endowment + steps * step_minor, trace)
        exact_decisions += run.exact_decisions
        runs += 1
        if kept is not None and run.spent_minor > market.election.budget_minor:
            return Walked(kept, kept_steps, "over_budget", exact_decisions, runs)
        if reason := ends(run):
            return Walked(run, steps, reason, exact_decisions, runs)
        same = reach(market, run.trace, step_minor)
        kept, kept_steps, trace = run, steps + same, run.trace
        steps += same + 1


def reach(market: Market, trace: Trace, step_minor: int) -> int:
    """How many steps more for every voter provably buy the same lots in the same order.

    In every round nobody has more than ``growth * more + doubt`` more than in the trace.
    """
    growth, doubt, most = 1.0, 0.0, math.inf
    out = np.zeros(len(market.lots), dtype=bool)
    closed_in = np.array([number for number, _ in trace.closed.values()], dtype=int)
    closed = np.array(list(trace.closed), dtype=int)
    for number, quote in enumerate(trace.quotes):
        out[quote.place] = True
        out[closed[closed_in == number]] = True
        most = min(most, (_room(trace, number, out) - doubt) / growth)
        if most < step_minor:
            return 0
        out[market.leaving[quote.place]] = True
        worth = market.lots[quote.place].most_worth
        factor = (1 + worth * quote.poor_share) * WIDER
        growth, doubt = growth * factor, doubt * factor + worth * (quote.high - quote.low) * WIDER
    for _, gap in trace.closed.values():
        most = min(most, (gap - doubt) / growth)
    return int(max(most, 0.0) / step_minor * (1 - 2**-40))


def _room(trace: Trace, number: int, out: Mask) -> float:
    """How much more for everybody leaves the winner of a round the cheapest."""
    room = trace.bounds[number] - trace.highs[number]
    room[out] = np.inf
    room[trace.whole_rivals[number]] = np.inf
    if room.min() <= 0:
        return 0.0
    with np.errstate(divide="ignore"):
        return float((room / trace.slopes[number]).min())


def _run(market: Market, endowment: Fraction, leader: Trace | None) -> Run:
    """A run that looks first where an earlier one found its winners, and proves all it finds."""
    run = Run(market, endowment)
    drift = 0.0 if leader is None else float(endowment - leader.endowment) * WIDER
    while True:
        number = len(run.trace.quotes)
        if leader is not None:
            _learn(run, leader, number, drift)
        led = leader.quotes[number] if leader and number < len(leader.quotes) else None
        if led is not None:
            run.levels[led.place] = led.level
        quote = run.choose(None if led is None else led.place)
        if quote is None:
            return run
        run.buy(quote)
        if led is not None and led.place == quote.place:
            drift = _drifted(run, drift, led, quote)
        else:
            leader = None


def _learn(run: Run, leader: Trace, number: int, drift: float) -> None:
    """Take over, from a run that bought the same so far, bounds and lots nobody can afford."""
    if number < len(leader.quotes):
        bounds = leader.bounds[number] - drift * leader.slopes[number]
        bounds -= 8 * ROUNDING * leader.bounds[number]
        better = bounds > run.bounds
        run.bounds[better] = bounds[better]
        run.slopes[better] = leader.slopes[number][better]
    for place, (when, gap) in leader.closed.items():
        if when > number or run.gone[place]:
            continue
        if gap > drift:
            run.close(place, (gap - drift) * (1 - 4 * ROUNDING))
        elif when == number:
            run.close_if_hopeless(place)


def _drifted(run: Run, drift: float, before: Quote, now: Quote) -> float:
    """The most that anybody has more than in the earlier run, after the same purchase."""
    worth = run.market.lots[now.place].most_worth
    return (drift + worth * max(before.high - now.low, 0.0)) * WIDER
