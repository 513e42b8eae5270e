"""Which rule may count a cycle, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from budgeting.domain.election import BallotKind, Ballots, Election
from budgeting.domain.outcome import Parameter
from budgeting.domain.rules import RULES, RuleError, count
from budgeting.domain.ties import refuse
from budgeting.services.errors import RefusedError

# A project that nobody votes for is not funded, even where money is left. Counts of elections held
# elsewhere leave these parameters as the rule has them.
_SOME_SUPPORT = ("threshold", "minimum_support")


def usual_parameters(rule: str) -> dict[str, Parameter]:
    """What a cycle held here sets of a rule's parameters unless told otherwise."""
    defaults = RULES[rule].defaults if rule in RULES else {}
    return {name: 1 for name in _SOME_SUPPORT if defaults.get(name) == 0}


def check_rule(kind: str, rule: str, parameters: Mapping[str, Parameter]) -> None:
    """Raise ``RefusedError`` unless the rule counts such ballots and takes such parameters."""
    pure_kind = BallotKind(kind)
    nothing = Election((), 0, Ballots.from_rows(pure_kind, [], 0))
    try:
        count(rule, nothing, refuse(), **parameters)
    except RuleError as error:
        raise RefusedError(_("The rule cannot be used so: %(why)s.") % {"why": error}) from error
