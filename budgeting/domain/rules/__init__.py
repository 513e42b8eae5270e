"""Every rule by its name: ``count(name, election, ties, **parameters) -> Outcome``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from budgeting.domain.ballots import BallotKind
from budgeting.domain.election import Election
from budgeting.domain.outcome import Outcome, Parameter, Result, Round
from budgeting.domain.rules.equal_shares import EqualShares, Start, Stop, equal_shares_rounds
from budgeting.domain.rules.greedy import Greedy, walk
from budgeting.domain.rules.phragmen import phragmen_rounds
from budgeting.domain.support import Borda, supporters
from budgeting.domain.ties import TieOrder

Facts = Mapping[str, Fraction | int | str]
Counted = tuple[tuple[Round, ...], int, Facts]
Parameters = Mapping[str, Parameter]

APPROVALS = frozenset({BallotKind.APPROVAL, BallotKind.CHOOSE_ONE, BallotKind.KNAPSACK})
POINTS = frozenset({BallotKind.CUMULATIVE, BallotKind.SCORING})
RANKINGS = frozenset({BallotKind.RANKING})


class RuleError(ValueError):
    """A rule that cannot be used as asked; ``fitting`` names those that can."""

    def __init__(self, message: str, fitting: tuple[str, ...]) -> None:
        super().__init__(f"{message}; fitting: {', '.join(fitting)}")
        self.fitting = fitting


class UnknownRule(RuleError):  # noqa: N818 - named by what is wrong
    """No rule has this name."""


class RuleDoesNotFit(RuleError):  # noqa: N818
    """The rule does not count ballots of this kind."""


class UnknownParameter(RuleError):  # noqa: N818
    """The rule has no such parameter, or not with this value; ``fitting`` names what it has."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it can be chosen: its ballots, its parameters and what they are unless set.

    A parameter ``increment_minor`` of 0 stands for the election's own increment.
    """

    name: str
    kinds: frozenset[BallotKind]
    defaults: Parameters
    run: Callable[[Election, TieOrder, Parameters], Counted] = field(repr=False)


def fitting_rules(kind: BallotKind) -> tuple[str, ...]:
    """Names of the rules that count ballots of a kind, in the order they are listed."""
    return tuple(name for name, rule in RULES.items() if kind in rule.kinds)


def count(rule_name: str, election: Election, ties: TieOrder, **parameters: Parameter) -> Outcome:
    """Count an election by a rule. The same arguments give the same outcome, everywhere.

    Raises :class:`UnknownRule`, :class:`RuleDoesNotFit`, :class:`UnknownParameter`, or
    :class:`~budgeting.domain.ties.UnresolvedTie` if the tie order refuses a choice that matters.
    """
    rule = _fitting(rule_name, election.ballots.kind)
    chosen = _parameters(rule, election, parameters)
    rounds, exact_decisions, facts = rule.run(election, ties, chosen)
    winners = tuple(each.option for each in rounds if each.result is Result.SELECTED)
    costs = [election.options[election.index[winner]].cost_minor for winner in winners]
    return Outcome(
        rule=rule_name,
        parameters=chosen,
        ties=ties.name,
        selected=winners,
        rounds=rounds,
        total_cost_minor=sum(costs),
        budget_minor=election.budget_minor,
        ballots=election.ballots.count,
        exact_decisions=exact_decisions,
        facts=facts,
    )


def _fitting(name: str, kind: BallotKind) -> Rule:
    if name not in RULES:
        raise UnknownRule(f"no rule is called {name}", fitting_rules(kind))
    if kind not in RULES[name].kinds:
        raise RuleDoesNotFit(f"{name} does not count {kind} ballots", fitting_rules(kind))
    return RULES[name]


def _parameters(rule: Rule, election: Election, given: Parameters) -> Parameters:
    chosen = dict(rule.defaults)
    for name, value in given.items():
        if name not in chosen or type(value) is not type(chosen[name]):
            raise UnknownParameter(
                f"{rule.name} has no parameter {name} = {value!r}", tuple(chosen)
            )
        if isinstance(value, int) and value < 0:
            raise UnknownParameter(f"{name} cannot be negative", tuple(chosen))
        _check_choice(name, value)
        chosen[name] = value
    if chosen.get("increment_minor") == 0:
        chosen["increment_minor"] = election.increment_minor
    return chosen


CHOICES: Mapping[str, type[StrEnum]] = {"start": Start, "stop": Stop, "borda": Borda}


def _check_choice(name: str, value: Parameter) -> None:
    if name in CHOICES and value not in set(CHOICES[name]):
        raise UnknownParameter(f"{name} cannot be {value}", tuple(CHOICES[name]))


def _greedy(*, per_cost: bool = False, stop: bool = False) -> Callable[..., Counted]:
    def run(election: Election, ties: TieOrder, parameters: Parameters) -> Counted:
        borda = Borda(str(parameters.get("borda", Borda.LISTED)))
        how = Greedy(per_cost, stop, int(parameters["threshold"]))
        rounds = walk(election, supporters(election.ballots, borda), ties, how)
        return tuple(rounds), 0, {}

    return run


def _equal_shares(*, cost_utility: bool, then_greedy: bool) -> Callable[..., Counted]:
    def run(election: Election, ties: TieOrder, parameters: Parameters) -> Counted:
        increment = parameters.get("increment_minor")
        how = EqualShares(
            cost_utility=cost_utility,
            borda=Borda(str(parameters.get("borda", Borda.LISTED))),
            minimum_support=int(parameters["minimum_support"]),
            increment_minor=None if increment is None else int(increment),
            start=Start(str(parameters.get("start", Start.EXACT))),
            stop=Stop(str(parameters.get("stop", Stop.EXHAUSTIVE))),
            then_greedy=then_greedy,
        )
        bought = equal_shares_rounds(election, ties, how)
        return bought.rounds, bought.exact_decisions, bought.facts

    return run


def _phragmen(election: Election, ties: TieOrder, parameters: Parameters) -> Counted:
    rounds, exact_decisions = phragmen_rounds(election, ties, int(parameters["minimum_support"]))
    return tuple(rounds), exact_decisions, {}


def _greedy_rules(prefix: str, kinds: frozenset[BallotKind], extra: Parameters) -> list[Rule]:
    defaults = {"threshold": 0, **extra}
    return [
        Rule(prefix, kinds, defaults, _greedy()),
        Rule(f"{prefix}_per_cost", kinds, defaults, _greedy(per_cost=True)),
        Rule(f"{prefix}_stop", kinds, defaults, _greedy(stop=True)),
        Rule(f"{prefix}_threshold", kinds, {**defaults, "threshold": 1}, _greedy()),
    ]


def _equal_shares_rules(
    utility: str, kinds: frozenset[BallotKind], extra: Parameters
) -> list[Rule]:
    name = f"equal_shares_{utility}"
    alone = {"minimum_support": 0, **extra}
    add1 = {**alone, "increment_minor": 0, "start": "exact", "stop": "exhaustive"}
    official = {**add1, "start": "integral", "stop": "infeasible"}
    plain = _equal_shares(cost_utility=utility == "cost", then_greedy=False)
    completed = _equal_shares(cost_utility=utility == "cost", then_greedy=True)
    return [
        Rule(name, kinds, alone, plain),
        Rule(f"{name}_greedy", kinds, alone, completed),
        Rule(f"{name}_add1", kinds, add1, plain),
        Rule(f"{name}_add1_greedy", kinds, add1, completed),
        Rule(f"{name}_add1_official", kinds, official, plain),
    ]


_BORDA: Parameters = {"borda": Borda.LISTED.value}

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in [
            *_greedy_rules("greedy", APPROVALS, {}),
            *_equal_shares_rules("cost", APPROVALS, {}),
            *_equal_shares_rules("cardinality", APPROVALS, {}),
            Rule("phragmen", APPROVALS, {"minimum_support": 0}, _phragmen),
            *_greedy_rules("greedy_points", POINTS, {}),
            *_equal_shares_rules("points", POINTS, {}),
            *_greedy_rules("greedy_borda", RANKINGS, _BORDA),
            *_equal_shares_rules("borda", RANKINGS, _BORDA),
        ]
    }
)
