"""Counts a published file again, with nothing but the file: the logic of the recount command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from budgeting.domain.explain import Reason, WhatIf, explain, what_if
from budgeting.domain.outcome import Outcome, Parameter
from budgeting.domain.pabulib import PabulibFile
from budgeting.domain.rules import RULES, RuleError, count, fitting_rules
from budgeting.domain.ties import TieOrder, lexicographic, refuse, seeded


class RecountError(ValueError):
    """The request names something that is not there; the message says what is."""


@dataclass(frozen=True, slots=True)
class Recount:
    """One rule's outcome on a file, in the file's own units."""

    file: PabulibFile
    outcome: Outcome
    reasons: Mapping[str, Reason]
    changes: Mapping[str, WhatIf]

    def to_json(self) -> dict[str, Any]:
        """``selected`` in order of the ids, ``order`` in order of selection."""
        outcome = self.outcome
        record: dict[str, Any] = {
            "rule": outcome.rule,
            "ties": outcome.ties,
            "parameters": dict(outcome.parameters),
            "ballots": outcome.ballots,
            "selected": sorted(outcome.selected),
            "order": list(outcome.selected),
            "total_cost": in_units(outcome.total_cost_minor, self.file.scale),
            "budget": in_units(outcome.budget_minor, self.file.scale),
            "exact_decisions": outcome.exact_decisions,
            "digest": outcome.digest,
        }
        if self.reasons:
            record["reasons"] = {option: self._told(option) for option in self.reasons}
        return record

    def lines(self) -> Iterator[str]:
        """The same for a person to read."""
        outcome, options = self.outcome, self.file.election
        total = in_units(outcome.total_cost_minor, self.file.scale)
        budget = in_units(outcome.budget_minor, self.file.scale)
        yield f"{outcome.rule}, ties {outcome.ties}: {outcome.ballots} ballots"
        for option_id in outcome.selected:
            option = options.options[options.index[option_id]]
            yield f"  {option_id}  {in_units(option.cost_minor, self.file.scale)}  {option.name}"
        yield f"  {len(outcome.selected)} selected for {total} of {budget}"
        for option_id, reason in self.reasons.items():
            yield f"  {option_id}: {reason.sentence(self.file.scale)}"
            for change in self.changes[option_id].reasons() if option_id in self.changes else ():
                yield f"  {option_id}: {change.sentence(self.file.scale)}"

    def _told(self, option_id: str) -> dict[str, Any]:
        reason = self.reasons[option_id]
        told = {**reason.to_json(), "sentence": reason.sentence(self.file.scale)}
        if option_id in self.changes:
            told["what_if"] = [
                {**each.to_json(), "sentence": each.sentence(self.file.scale)}
                for each in self.changes[option_id].reasons()
            ]
        return told


def recount(
    file: PabulibFile,
    rule: str,
    ties: TieOrder,
    parameters: Mapping[str, Parameter],
    explained: Sequence[str] = (),
) -> Recount:
    """Count a file by one rule, and explain the options asked for: why, and what would have won.

    A threshold that the file's META sets is used by ``*_threshold`` unless one is given.
    """
    unknown = [each for each in explained if each not in file.election.index]
    if unknown:
        raise RecountError(f"the file has no project {unknown[0]!r}")
    outcome = count(rule, file.election, ties, **{**_published(file, rule), **parameters})
    reasons = explain(file.election, outcome) if explained else {}
    changes = {
        each: what_if(file.election, ties, outcome, each)
        for each in explained
        if each not in outcome.selected
    }
    return Recount(file, outcome, {each: reasons[each] for each in explained}, changes)


def recount_all(file: PabulibFile, ties: TieOrder, explained: Sequence[str] = ()) -> list[Recount]:
    """Count a file by every rule that fits its ballots."""
    rules = fitting_rules(file.election.ballots.kind)
    return [recount(file, rule, ties, {}, explained) for rule in rules]


def tie_order(name: str, file: PabulibFile) -> TieOrder:
    """The order called ``lexicographic``, ``refuse`` or ``seeded:`` and a hexadecimal seed."""
    if name == "lexicographic":
        return lexicographic(file.options)
    if name == "refuse":
        return refuse()
    kind, _, seed = name.partition(":")
    try:
        if kind == "seeded":
            return seeded(bytes.fromhex(seed), file.options)
    except ValueError as error:
        raise RecountError(f"the seed of the tie order: {error}") from error
    raise RecountError(
        f"no tie order is called {name}; there are lexicographic, seeded:HEX, refuse"
    )


def parameter(rule: str, text: str) -> tuple[str, Parameter]:
    """A parameter written ``NAME=VALUE``, with a number where the rule wants one."""
    name, equals, value = text.partition("=")
    defaults = RULES[rule].defaults if rule in RULES else {}
    if not equals:
        raise RecountError(f"a parameter is written NAME=VALUE, not {text}")
    if isinstance(defaults.get(name), int):
        if not value.isdecimal():
            raise RecountError(f"{name} is a whole number, not {value}")
        return name, int(value)
    return name, value


def in_units(amount_minor: int, scale: int) -> int | float | str:
    """An amount in the file's own units: whole, or decimal as exactly as JSON can say it."""
    whole, rest = divmod(amount_minor, scale)
    if not rest:
        return whole
    text = f"{whole}.{str(rest).zfill(len(str(scale)) - 1)}".rstrip("0")
    return float(text) if repr(float(text)) == text else text


def _published(file: PabulibFile, rule: str) -> dict[str, Parameter]:
    said = file.meta.get("min_project_score_threshold", "")
    if not rule.endswith("_threshold") or not said.isdecimal():
        return {}
    return {"threshold": int(said) * file.points_scale}


__all__ = [
    "Recount",
    "RecountError",
    "RuleError",
    "in_units",
    "parameter",
    "recount",
    "recount_all",
    "tie_order",
]
