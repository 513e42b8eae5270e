"""Which rule may count a cycle, with which parameters, and what its pots say of their ballots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.domain.election import BallotKind, Ballots, Election
from budgeting.domain.outcome import Parameter
from budgeting.domain.rules import CHOICES, RULES, RuleError, count, fitting_rules
from budgeting.domain.support import Borda
from budgeting.domain.ties import refuse
from budgeting.enums import MOST_POINTS, MOST_RANKS
from budgeting.enums import BallotKind as NamedKind
from budgeting.models import Cycle, Pot
from budgeting.services.errors import RefusedError
from budgeting.templatetags.budgeting import rule_words
from civicfund.money import one_major_unit

# A project that nobody votes for is not funded, even where money is left. Counts of elections held
# elsewhere leave these parameters as the rule has them.
_SOME_SUPPORT = ("threshold", "minimum_support")
# Limits of points, and which of them a kind that gives points has a use for.
POINTS = ("min_points", "max_points", "max_sum_points")
_POINTS_OF_USE = {NamedKind.CUMULATIVE: POINTS, NamedKind.SCORING: ("min_points", "max_points")}
_PARAMETERS = {
    "threshold": gettext_lazy("least support"),
    "minimum_support": gettext_lazy("least support"),
    "start": gettext_lazy("what raising shares starts from"),
    "increment_minor": gettext_lazy("by how much shares are raised"),
    "stop": gettext_lazy("when raising shares stops"),
    "borda": gettext_lazy("what ranks are worth"),
}


def usual_parameters(rule: str, currency: str = "") -> dict[str, Parameter]:
    """What a cycle held here sets of a rule's parameters unless told otherwise.

    With a currency also what the rule would otherwise take from the election, so that all of it
    is published before anybody votes.
    """
    defaults = RULES[rule].defaults if rule in RULES else {}
    usual: dict[str, Parameter] = {name: 1 for name in _SOME_SUPPORT if defaults.get(name) == 0}
    if "borda" in defaults:
        usual["borda"] = Borda.OPTIONS.value
    if "increment_minor" in defaults and currency:
        usual["increment_minor"] = one_major_unit(currency)
        usual |= {name: defaults[name] for name in ("start", "stop")}
    return usual


def check_rule(kind: str, rule: str, parameters: Mapping[str, Parameter]) -> None:
    """Raise ``RefusedError`` unless the rule counts such ballots and takes such parameters."""
    pure_kind = BallotKind(kind)
    _check_fits(pure_kind, rule)
    for name, value in parameters.items():
        _check_parameter(rule, name, value)
    nothing = Election((), 0, Ballots.from_rows(pure_kind, [], 0))
    try:
        count(rule, nothing, refuse(), **parameters)
    except RuleError as error:
        raise RefusedError(_("The rule cannot be used so: %(why)s.") % {"why": error}) from error


def _check_fits(kind: BallotKind, rule: str) -> None:
    if rule not in RULES:
        raise RefusedError(_("No rule is called %(rule)s.") % {"rule": rule}, field="rule")
    if kind not in RULES[rule].kinds:
        fitting = "; ".join(rule_words(name) for name in _plainest(fitting_rules(kind)))
        raise RefusedError(
            _("“%(rule)s” cannot count ballots of the kind “%(kind)s”. These can: %(fitting)s.")
            % {"rule": rule_words(rule), "kind": NamedKind(kind).label, "fitting": fitting},
            field="rule",
        )


def _plainest(rules: Iterable[str]) -> list[str]:
    """Those that are no variant of another one, to keep a sentence short."""
    names = list(rules)
    return [name for name in names if not any(name.startswith(f"{other}_") for other in names)]


def _check_parameter(rule: str, name: str, value: object) -> None:
    defaults = RULES[rule].defaults
    said = {"rule": rule_words(rule), "name": _PARAMETERS.get(name, name), "value": value}
    if name not in defaults:
        raise RefusedError(_("“%(rule)s” does not take this: %(name)s.") % said, field=name)
    whole = isinstance(defaults[name], int)
    if type(value) is not type(defaults[name]) or (whole and int(str(value)) < 0):
        raise RefusedError(_("This cannot be %(value)s: %(name)s.") % said, field=name)
    if name in CHOICES and value not in set(CHOICES[name]):
        raise RefusedError(_("This cannot be %(value)s: %(name)s.") % said, field=name)


def pot_limits(
    kind: str,
    *,
    min_options: int,
    max_options: int | None,
    min_points: int | None = None,
    max_points: int | None = None,
    max_sum_points: int | None = None,
) -> dict[str, Any]:
    """What a pot says of its ballots, for ballots of a kind; ``RefusedError`` with the field.

    A voter with points gives a project one at least, or does not name it.
    """
    if min_options < 0:
        raise RefusedError(_("A ballot cannot name fewer than no projects."), field="min_options")
    if max_options is not None and max_options < max(min_options, 1):
        raise RefusedError(
            _("A ballot may name at least as many projects as it must name."), field="max_options"
        )
    _check_number_of_options(NamedKind(kind), min_options, max_options)
    points = {"max_points": max_points, "max_sum_points": max_sum_points}
    _check_points_wanted(NamedKind(kind), {"min_points": min_points} | points)
    least = min_points or 0
    if kind == NamedKind.CUMULATIVE:
        least = max(least, 1)
    _check_ranges(least, max_points, max_sum_points, min_options)
    return {
        "min_options": min_options,
        "max_options": max_options,
        "min_points": least,
        **points,
    }


def limits_of(pot: Pot) -> dict[str, Any]:
    """What a pot says of its ballots, as ``pot_limits`` takes it."""
    return {
        "min_options": pot.min_options,
        "max_options": pot.max_options,
        **{name: getattr(pot, name) or None for name in POINTS},
    }


def limits_of_use(kind: str, pot: Pot) -> dict[str, int | None]:
    """The limits of points that a pot keeps where ballots become of this kind: all others go."""
    of_use = _POINTS_OF_USE.get(NamedKind(kind), ())
    kept = {name: getattr(pot, name) if name in of_use else None for name in POINTS}
    return kept | {"min_points": kept["min_points"] or 0}


def pots_to_correct(cycle: Cycle) -> list[tuple[Pot, str]]:
    """Pots that do not say of their ballots what the cycle's kind takes, each with what is wrong.

    There are some after the kind of a draft's ballots was changed.
    """
    found = []
    for pot in cycle.pots.all():
        try:
            kept = pot_limits(cycle.ballot_kind, **limits_of(pot))
        except RefusedError as refusal:
            found.append((pot, str(refusal)))
        else:
            if kept["min_points"] != pot.min_points:
                found.append((pot, _("Say again how many points a project is given at least.")))
    return found


def _check_number_of_options(kind: NamedKind, least: int, most: int | None) -> None:
    if kind == NamedKind.CHOOSE_ONE and (least > 1 or (most or 1) > 1):
        field = "min_options" if least > 1 else "max_options"
        raise RefusedError(_("A ballot of this cycle names one project."), field=field)
    if kind == NamedKind.RANKING and (most is None or most > MOST_RANKS):
        raise RefusedError(
            _("Say how many projects a ballot ranks at most: up to %(most)s.")
            % {"most": MOST_RANKS},
            field="max_options",
        )


def _check_points_wanted(kind: NamedKind, given: Mapping[str, int | None]) -> None:
    """Each kind has the limits that it needs, and none that it would not keep to."""
    needs = {NamedKind.CUMULATIVE: "max_sum_points", NamedKind.SCORING: "max_points"}.get(kind)
    if needs is None:
        unwanted = next((name for name, value in given.items() if value is not None), None)
        if unwanted:
            raise RefusedError(_("A ballot of this cycle gives no points."), field=unwanted)
        return
    if given[needs] is None:
        words = {
            "max_sum_points": _("Say how many points a voter has to give out."),
            "max_points": _("Say what the highest score is."),
        }
        raise RefusedError(words[needs], field=needs)
    if kind == NamedKind.SCORING and given["max_sum_points"] is not None:
        raise RefusedError(
            _("Scores are not taken from a number of points to give out."), field="max_sum_points"
        )


def _check_ranges(least: int, most: int | None, in_all: int | None, options: int) -> None:
    for field, value in (("min_points", least), ("max_points", most), ("max_sum_points", in_all)):
        if value is not None and value < (0 if field == "min_points" else 1):
            raise RefusedError(_("There are no points below zero."), field=field)
        if value is not None and value > MOST_POINTS:
            raise RefusedError(
                _("At most %(most)s points can be given.") % {"most": MOST_POINTS}, field=field
            )
    # Where points are shared out, each project may get the same; scores all alike say nothing.
    if most is not None and (most < least or (most == least and in_all is None)):
        raise RefusedError(_("The most is not above the least."), field="max_points")
    if in_all is not None and most is not None and most > in_all:
        raise RefusedError(_("One project cannot get more than all points."), field="max_points")
    if in_all is not None and in_all < least * max(options, 1):
        raise RefusedError(
            _("There are too few points for the projects that a ballot must name."),
            field="max_sum_points",
        )
