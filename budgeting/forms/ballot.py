"""The ballot page's form: what its fields are called, what was filled in, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import QueryDict

from budgeting.domain.election import BallotKind as PureKind
from budgeting.enums import BallotKind
from budgeting.models import Option, Pot
from budgeting.services.ballots import Choice

_PREFIX = "pot-"
_POINTS = re.compile(r"pot-([0-9]{1,18})-points-(.+)", re.DOTALL)
# More digits than any limit has; what is longer stays text and is no whole number to anybody.
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
# Scores within a range this small are chosen from a list, others typed.
_SCORES_IN_A_LIST = 21

Filled = dict[str, str]


def field_name(pot: Pot) -> str:
    """What a pot's boxes, or its ranks, are called in the ballot's form."""
    return f"{_PREFIX}{pot.pk}"


def points_name(pot: Pot, code: str) -> str:
    """What the field for an option's points is called."""
    return f"{_PREFIX}{pot.pk}-points-{code}"


@dataclass(frozen=True, slots=True)
class FilledIn:
    """What came with a form: for each pot the options named, and the text beside each option."""

    named: dict[int, list[str]] = field(default_factory=dict)
    points: dict[int, Filled] = field(default_factory=dict)

    @classmethod
    def of(cls, given: QueryDict) -> FilledIn:
        """What the form names. Whether any of it exists is for the service to say."""
        filled = cls()
        for name in given:
            number = name.removeprefix(_PREFIX)
            if name.startswith(_PREFIX) and number.isdecimal():
                filled.named[int(number)] = given.getlist(name)
            elif match := _POINTS.fullmatch(name):
                pot, code = int(match[1]), match[2]
                filled.points.setdefault(pot, {})[code] = str(given[name]).strip()
        return filled

    def choices(self, kind: BallotKind) -> dict[int, Choice]:
        """What the service takes, by the pot's id."""
        if PureKind(kind).has_points:
            return {pot: _points_given(texts, kind) for pot, texts in self.points.items()}
        if kind == BallotKind.RANKING:
            return {pot: Choice(_without_last_empty(codes)) for pot, codes in self.named.items()}
        return {pot: Choice(codes) for pot, codes in self.named.items()}


def _points_given(texts: Filled, kind: BallotKind) -> Choice:
    """The options beside which something was written; of points to share out, no zeros."""
    points = {code: _number(text) for code, text in texts.items() if text}
    if kind == BallotKind.CUMULATIVE:
        points = {code: point for code, point in points.items() if point != 0}
    return Choice(list(points), list(points.values()))


def _number(text: str) -> object:
    return int(text) if _WHOLE.fullmatch(text) else text


def _without_last_empty(codes: list[str]) -> list[str]:
    last = max((place for place, code in enumerate(codes) if code), default=-1)
    return codes[: last + 1]


@dataclass(frozen=True, slots=True)
class Line:
    """An option as the ballot shows it: chosen or not, and what stands beside it."""

    option: Option
    chosen: bool
    points: str
    name: str
    wrong: bool

    @property
    def is_untouched(self) -> bool:
        """Whether nothing is filled in here: then every voter sees the same."""
        return not (self.chosen or self.points or self.wrong)


@dataclass(frozen=True, slots=True)
class PotOnBallot:
    """One pot of the ballot page: its options in the voter's order, and what is filled in."""

    pot: Pot
    field: str
    lines: list[Line]
    # For rankings: the code at each rank, "" where it is empty.
    ranks: list[str]
    error: str

    @property
    def target(self) -> str:
        """The id of what an error is about: a field, or the pot."""
        wrong = next((line for line in self.lines if line.wrong), None)
        return wrong.name if wrong else self.field

    @property
    def scores(self) -> list[str]:
        """The scores to choose from; none where the range is too large for a list."""
        pot = self.pot
        if pot.max_points is None or pot.max_sum_points is not None:
            return []
        scores = range(pot.min_points, pot.max_points + 1)
        return [str(score) for score in scores] if len(scores) <= _SCORES_IN_A_LIST else []

    @property
    def most_for_one(self) -> int | None:
        """How many points one option may get."""
        return self.pot.max_points or self.pot.max_sum_points


def pot_on_ballot(
    pot: Pot, options: Iterable[Option], filled: FilledIn, error: str = "", about: str = ""
) -> PotOnBallot:
    """A pot with what was filled in; ``error`` is ``about`` the option of this code, if any."""
    named, texts = filled.named.get(pot.pk, []), filled.points.get(pot.pk, {})
    lines = [
        Line(
            option=option,
            chosen=option.code in named,
            points=texts.get(option.code, ""),
            name=points_name(pot, option.code),
            wrong=option.code == about,
        )
        for option in options
    ]
    count = min(pot.max_options or len(lines), len(lines))
    ranks = [named[place] if place < len(named) else "" for place in range(count)]
    return PotOnBallot(pot, field_name(pot), lines, ranks, error)
