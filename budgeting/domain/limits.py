"""What one ballot may hold, checked at the door before it is cast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from budgeting.domain.ballots import BallotKind


class BallotError(ValueError):
    """A ballot that cannot be cast: ``code`` says why and ``values`` hold the figures."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(f"{code}: {values}" if values else code)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class BallotLimits:
    """The limits of a cycle's ballot; None means no limit of that sort.

    ``budget_minor`` caps the cost of a knapsack ballot; ``max_points`` caps one option and
    ``max_sum_points`` the whole ballot.
    """

    min_choices: int = 0
    max_choices: int | None = None
    budget_minor: int | None = None
    min_points: int = 0
    max_points: int | None = None
    max_sum_points: int | None = None


def validate_ballot(
    kind: BallotKind,
    choices: Sequence[str],
    points: Sequence[object] | None,
    costs_minor: Mapping[str, int],
    limits: BallotLimits,
) -> None:
    """Return if the ballot may be cast, raise :class:`BallotError` with the first reason if not.

    Codes: unknown_option, repeated_option, too_few_choices, too_many_choices, over_budget,
    points_missing, points_not_wanted, points_not_whole, points_too_low, points_too_high,
    points_sum_too_high.
    """
    _check_options(choices, costs_minor)
    _check_length(kind, len(choices), limits)
    if limits.budget_minor is not None:
        total = sum(costs_minor[choice] for choice in choices)
        if total > limits.budget_minor:
            raise BallotError("over_budget", total_minor=total, limit_minor=limits.budget_minor)
    _check_points(kind, choices, points, limits)


def _check_options(choices: Sequence[str], costs_minor: Mapping[str, int]) -> None:
    for choice, times in Counter(choices).items():
        if choice not in costs_minor:
            raise BallotError("unknown_option", option=choice)
        if times > 1:
            raise BallotError("repeated_option", option=choice)


def _check_length(kind: BallotKind, length: int, limits: BallotLimits) -> None:
    most = 1 if kind is BallotKind.CHOOSE_ONE else limits.max_choices
    if length < limits.min_choices:
        raise BallotError("too_few_choices", chosen=length, least=limits.min_choices)
    if most is not None and length > most:
        raise BallotError("too_many_choices", chosen=length, most=most)


def _check_points(
    kind: BallotKind, choices: Sequence[str], points: Sequence[object] | None, limits: BallotLimits
) -> None:
    if not kind.has_points:
        if points:
            raise BallotError("points_not_wanted")
        return
    if points is None or len(points) != len(choices):
        raise BallotError("points_missing", chosen=len(choices), points=len(points or ()))
    total = sum(
        _whole_points(choice, point, limits) for choice, point in zip(choices, points, strict=True)
    )
    if limits.max_sum_points is not None and total > limits.max_sum_points:
        raise BallotError("points_sum_too_high", total=total, most=limits.max_sum_points)


def _whole_points(choice: str, point: object, limits: BallotLimits) -> int:
    # A bool is an int to Python and NaN is a float: neither is a number of points.
    if not isinstance(point, int) or isinstance(point, bool):
        raise BallotError("points_not_whole", option=choice)
    if point < max(limits.min_points, 0):
        raise BallotError("points_too_low", option=choice, points=point, least=limits.min_points)
    most = limits.max_points if limits.max_points is not None else limits.max_sum_points
    if point > (2**31 - 1 if most is None else most):
        raise BallotError("points_too_high", option=choice, points=point, most=most or 2**31 - 1)
    return point
