"""Rules in one paragraph, as they are read before voting and beside results; ranks to choose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django import template
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from budgeting.domain.outcome import Parameter
from budgeting.domain.rules import POINTS, RANKINGS, RULES
from budgeting.domain.rules.equal_shares import Start, Stop
from budgeting.domain.support import Borda
from budgeting.enums import TieOrder
from budgeting.forms.ballot import Line, PotOnBallot
from budgeting.models import Cycle, Tally
from budgeting.selectors.options import Drawn
from budgeting.templatetags.budgeting import thousands
from civicfund.money import one_major_unit
from civicfund.templatetags.money import money

register = template.Library()

_SELECTED = SafeString(" selected")

_RANKS: dict[str, Promise] = {
    Borda.OPTIONS: _(
        "The project that you rank first gets as many points from you as there are projects on the"
        " ballot, the next one a point fewer, and so on; a project that you do not rank gets none."
    ),
    Borda.LISTED: _(
        "The last project that a ballot ranks gets no points from it, the one before it one, and"
        " so on up to the first."
    ),
}
_GREEDY: dict[str, Promise] = {
    "votes": _("The project with the most votes is funded first, then the next one, and so on."),
    "points": _("The project with the most points is funded first, then the next one, and so on."),
    "votes_per_cost": _(
        "The project with the most votes for what it costs is funded first, then the next one, and"
        " so on."
    ),
    "points_per_cost": _(
        "The project with the most points for what it costs is funded first, then the next one,"
        " and so on."
    ),
}
_SKIPS = _("A project that costs more than what is left is passed over.")
_STOPS_THERE = _("The count ends with the first project that costs more than what is left.")
_SHARES = _(
    "The money is divided equally among everyone who votes. A project is funded when the people who"
    " voted for it can pay for it together out of their shares; the one for which they have to give"
    " the least for what it is worth to them goes first. So every group of voters decides on a part"
    " of the money as large as the group."
)
_WORTH: dict[str, Promise] = {
    "cost": _("A project is worth its cost to those who voted for it."),
    "cardinality": _("Every project is worth the same to those who voted for it."),
    "points": _("A project is worth to you what you gave it."),
    "borda": _("A project is worth to you the points of its rank."),
}
_PHRAGMEN = _(
    "Every voter is given money, at the same slow pace. As soon as the people who voted for a"
    " project can pay for it together, it is funded. The count ends with the first project that"
    " would cost more than there is."
)
_TIES: dict[str, Promise] = {
    TieOrder.SEEDED: _(
        "Ties are broken by a lot that was drawn and committed to before voting began."
    ),
    TieOrder.LEXICOGRAPHIC: _("Ties are broken by the order of the projects' codes."),
}


@register.simple_tag
def options_of_rank(lines: Iterable[Line], code: str) -> SafeString:
    """What can be put at a rank; twenty ranks of a hundred projects are many to a template."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (line.option.code, _SELECTED if line.option.code == code else "", line.option.name)
            for line in lines
        ),
    )


@register.simple_tag(takes_context=True)
def option_of_ballot(context: template.Context, pot: PotOnBallot, line: Line) -> SafeString:
    """An option of the ballot page. What is the same for all voters is drawn once for all."""
    drawn: Drawn | None = context["drawn"]
    if drawn is None or not line.is_untouched:
        return _option(context, pot, line)
    key = (get_language() or "", "at_kiosk" in context, line.option.pk)
    if key not in drawn:
        drawn[key] = _option(context, pot, line)
    return drawn[key]


def _option(context: template.Context, pot: PotOnBallot, line: Line) -> SafeString:
    values = {
        "each": pot, "line": line, "option": line.option,
        "kind": context["kind"], "cycle": context["cycle"], "at_kiosk": "at_kiosk" in context,
    }  # fmt: skip
    return render_to_string("budgeting/_option.html", values)


@register.filter
def binding_rule(cycle: Cycle) -> str:
    """How the cycle is counted: its rule with its completion, parameters and ties."""
    return _told(cycle.rule, cycle.rule_parameters, cycle.ties, cycle.currency)


@register.filter
def tally_rule(tally: Tally, currency: str) -> str:
    """The same of a rule that was counted by, the binding one or one beside it."""
    return _told(tally.rule, tally.parameters, tally.ties, currency)


def _told(rule: str, given: Mapping[str, Parameter], ties: str, currency: str) -> str:
    if rule not in RULES:
        return ""
    parameters = {**RULES[rule].defaults, **given}
    in_points = RULES[rule].kinds in (POINTS, RANKINGS)
    sentences = [
        *_how(rule, parameters, currency, in_points=in_points),
        *_least(parameters, in_points=in_points),
        _TIES[ties],
    ]
    return " ".join(str(each) for each in sentences)


def _how(
    rule: str, parameters: Mapping[str, Parameter], currency: str, *, in_points: bool
) -> Iterator[Promise | str]:
    if "borda" in parameters:
        yield _RANKS[str(parameters["borda"])]
    if rule.startswith("greedy"):
        counted = "points" if in_points else "votes"
        yield _GREEDY[f"{counted}_per_cost" if rule.endswith("_per_cost") else counted]
        yield _STOPS_THERE if rule.endswith("_stop") else _SKIPS
    elif rule.startswith("equal_shares"):
        yield _SHARES
        yield _WORTH[rule.split("_")[2]]
        yield from _completion(rule, parameters, currency)
    else:
        yield _PHRAGMEN


def _completion(
    rule: str, parameters: Mapping[str, Parameter], currency: str
) -> Iterator[Promise | str]:
    """What is done with money that is left over when no group can pay for another project."""
    if "increment_minor" in parameters:
        step = int(parameters["increment_minor"]) or one_major_unit(currency)
        yield gettext(
            "As long as money is left over, everybody's share is raised by %(step)s and the count"
            " is made again;"
        ) % {"step": money(step, currency)}
        if parameters["stop"] == Stop.EXHAUSTIVE:
            yield _("that ends once nothing more fits, or before the pot would be overspent.")
        else:
            yield _("that ends before the pot would be overspent.")
        if parameters["start"] == Start.INTEGRAL:
            yield _("The first share is rounded down to a whole number of such steps.")
    if rule.endswith("_greedy"):
        yield _("What is left over after that goes to the projects with the most support that fit.")
    elif "increment_minor" not in parameters:
        yield _("What is left over after that is not spent.")


def _least(parameters: Mapping[str, Parameter], *, in_points: bool) -> Iterator[str]:
    """Greedy rules compare what they add up; the others the number of people."""
    least = int(parameters.get("threshold", parameters.get("minimum_support", 0)))
    if least <= 0:
        return
    if least == 1:
        yield gettext("A project that nobody supports is not funded.")
        return
    shown = {"least": thousands(least)}
    if in_points and "threshold" in parameters:
        words = gettext("A project with less than %(least)s points is not funded.")
    else:
        words = gettext("A project that fewer than %(least)s voters support is not funded.")
    yield words % shown
