"""Counting a cycle: every pot by its rule, once, whoever else is counting and whoever dies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict

import structlog
from django.core.cache import cache

from budgeting.domain.election import BallotKind, Election
from budgeting.domain.explain import Reason, explain
from budgeting.domain.explain.levels import levels
from budgeting.domain.fairness import difference, fairness
from budgeting.domain.outcome import Outcome, Parameter, digest_of
from budgeting.domain.rules import count, fitting_rules
from budgeting.domain.support import Borda, supporters
from budgeting.enums import CycleState
from budgeting.models import Cycle, Pot, Tally
from budgeting.selectors import Progress, progress_key
from budgeting.services.inputs import Inputs, ballots_opened, read_inputs
from budgeting.services.memory import ElectionTooLargeError, check_memory
from budgeting.services.rules import usual_parameters
from civicfund.audit.services import StaleStateError, advance
from civicfund.turns import Work, alone_at

log = structlog.get_logger(__name__)

_PROGRESS_SECONDS = 3600
# Shown beside the binding outcome: what other common rules make of the same ballots. Rules that
# count many times over (Add1) can take minutes, and nobody should wait for a comparison.
_SHOWN_BESIDE = (
    "greedy",
    "equal_shares_cost_greedy",
    "equal_shares_cardinality_greedy",
    "phragmen",
    "greedy_points",
    "equal_shares_points_greedy",
    "greedy_borda",
    "equal_shares_borda_greedy",
)


def due_to_count() -> list[Cycle]:
    """Cycles whose ballots are opened and not yet counted."""
    return list(Cycle.objects.filter(state=CycleState.UNSEALED).order_by("pk"))


def count_cycle(cycle: Cycle) -> bool:
    """Count every pot and move the cycle on; False where another worker is at it.

    May be killed at any point and run again, or twice at once: each tally is written once, by
    the unique key of its inputs, and the move is made by whoever comes to it first. Raises
    ``ElectionTooLargeError`` where a pot does not fit into memory; that is said as its progress,
    and a worker with more memory counts on from there.
    """
    with alone_at(Work.COUNTING, cycle.pk) as alone:
        if not alone:
            return False
        cycle.refresh_from_db()
        if cycle.state == CycleState.UNSEALED:
            try:
                for pot in cycle.pots.all():
                    count_pot(cycle, pot)
            except ElectionTooLargeError as refusal:
                _say(cycle, refusal.pot, "too_large", refusal.free, refusal.needed)
                raise
            _finish(cycle)
    cache.delete(progress_key(cycle))
    return True


def _finish(cycle: Cycle) -> None:
    """Say that the cycle is counted, once each pot has its binding tally."""
    left = cycle.pots.exclude(tallies__binding=True)
    if left.exists():
        raise StaleStateError(f"cycle {cycle.pk} has pots without a tally")
    advance(cycle, CycleState.COUNTED, cycle.moves, actor=None)


def count_pot(cycle: Cycle, pot: Pot) -> None:
    """Write the tallies that the pot lacks: by the binding rule, and by those shown beside it."""
    counted = set(pot.tallies.values_list("rule", flat=True))
    rules = {rule: given for rule, given in _rules(cycle).items() if rule not in counted}
    if not rules:
        return
    check_memory(pot)
    total = ballots_opened(pot)

    def on_read(different: int) -> None:
        _say(cycle, pot, "reading", min(different, total), total)

    on_read(0)
    started = time.monotonic()
    inputs = read_inputs(cycle, pot, on_read=on_read)
    reading = time.monotonic() - started
    binding = _binding_outcome(pot)
    for place, (rule, parameters) in enumerate(rules.items()):
        _say(cycle, pot, "counting", place, len(rules))
        started = time.monotonic()
        outcome = count(rule, inputs.election, inputs.ties, **parameters)
        binding = binding or outcome
        reasons = explain(inputs.election, outcome)
        seconds = reading + time.monotonic() - started
        _write(cycle, pot, inputs, outcome, binding, reasons, seconds=seconds)


def _binding_outcome(pot: Pot) -> Outcome | None:
    """What an earlier worker has counted by the binding rule."""
    tally = pot.tallies.filter(binding=True).first()
    return Outcome.from_json(tally.outcome) if tally else None


def _rules(cycle: Cycle) -> dict[str, dict[str, Parameter]]:
    """The rules to count by and their parameters, the binding one first."""
    fitting = fitting_rules(BallotKind(cycle.ballot_kind))
    beside = {
        rule: {} if cycle.is_imported else usual_parameters(rule)
        for rule in _SHOWN_BESIDE
        if rule in fitting
    }
    return {cycle.rule: cycle.rule_parameters} | {
        rule: parameters for rule, parameters in beside.items() if rule != cycle.rule
    }


def _write(
    cycle: Cycle,
    pot: Pot,
    inputs: Inputs,
    outcome: Outcome,
    binding: Outcome,
    reasons: Mapping[str, Reason],
    *,
    seconds: float,
) -> None:
    tally = Tally(
        cycle=cycle,
        pot=pot,
        binding=outcome.rule == cycle.rule,
        rule=outcome.rule,
        parameters=dict(outcome.parameters),
        parameters_digest=digest_of(dict(outcome.parameters)),
        ties=cycle.ties,
        tie_seed=cycle.tie_seed,
        digest=inputs.digest,
        ballots=inputs.election.ballots.count,
        distinct_ballots=len(inputs.election.ballots),
        outcome=outcome.to_json(),
        support=_support(inputs.election, outcome),
        fairness=_fairness(inputs.election, outcome, binding),
        levels=list(levels(inputs.election, outcome)) if outcome is binding else [],
        reasons={code: reason.to_json() for code, reason in reasons.items()},
        seconds=seconds,
    )
    Tally.objects.bulk_create([tally], ignore_conflicts=True)
    log.info("tally.written", cycle=cycle.pk, pot=pot.pk, rule=outcome.rule, seconds=seconds)


def _fairness(election: Election, outcome: Outcome, binding: Outcome) -> dict[str, object]:
    """How the outcome treats the voters, by itself and beside the binding one."""
    said: dict[str, object] = fairness(election, outcome).to_json()
    if outcome is not binding:
        said["beside_binding"] = difference(election, outcome, binding).to_json()
    return said


def _support(election: Election, outcome: Outcome) -> dict[str, int]:
    """Votes, or points where the ballots give them, for each option."""
    borda = Borda(str(outcome.parameters.get("borda", Borda.LISTED)))
    totals = supporters(election.ballots, borda).totals
    return {option.id: total for option, total in zip(election.options, totals, strict=True)}


def _say(cycle: Cycle, pot: Pot, stage: str, done: int, total: int) -> None:
    progress = Progress(pot=pot.pk, stage=stage, done=done, total=total)
    cache.set(progress_key(cycle), asdict(progress), _PROGRESS_SECONDS)
