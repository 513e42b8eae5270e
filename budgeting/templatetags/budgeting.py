"""Rules, reasons and points in time, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from babel.numbers import format_decimal
from django import template
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, to_locale
from django.utils.translation import gettext_lazy as _

from budgeting.domain.explain import SENTENCES, Reason
from budgeting.domain.outcome import Result, Round, Step
from civicfund.templatetags.money import money

register = template.Library()

_FAMILIES: dict[str, Promise] = {
    "greedy": _("Most votes first"),
    "greedy_points": _("Most points first"),
    "greedy_borda": _("Highest ranked first"),
    "equal_shares_cost": _("Equal shares"),
    "equal_shares_cardinality": _("Equal shares, every project counting the same"),
    "equal_shares_points": _("Equal shares by points"),
    "equal_shares_borda": _("Equal shares by rank"),
    "phragmen": _("Phragmén's method"),
}
_VARIANTS: dict[str, Promise | str] = {
    "": "",
    "_per_cost": _("per unit of cost"),
    "_stop": _("ending at the first that does not fit"),
    "_threshold": _("with a least number of votes"),
    "_greedy": _("what is left over by most votes"),
    "_add1": _("completed by raising everybody's share"),
    "_add1_greedy": _("completed by raising everybody's share, then by most votes"),
    "_add1_official": _("completed by raising everybody's share, as in Wieliczka 2023"),
}


@register.filter
def rule_words(rule: str) -> str:
    """A rule's name as residents read it; a rule that has no words keeps its name."""
    for variant in sorted(_VARIANTS, key=len, reverse=True):
        family = rule.removesuffix(variant) if variant else rule
        if rule.endswith(variant) and family in _FAMILIES:
            words = [str(_FAMILIES[family]), str(_VARIANTS[variant])]
            return ", ".join(filter(None, words))
    return rule


@register.filter
def thousands(number: int) -> str:
    """``75255|thousands`` is 75,255 in English."""
    return format_decimal(number, locale=to_locale(get_language() or settings.LANGUAGE_CODE))


def reason_sentence(record: Mapping[str, object], names: Mapping[str, str], currency: str) -> str:
    """Why an option won or lost, as one sentence with its figures.

    ``record`` is what ``Reason.to_json`` wrote, ``names`` the options' names by their codes.
    """
    reason = Reason.from_json(record)
    shown = {name: _shown(name, value, names, currency) for name, value in reason.values.items()}
    sentence = gettext(SENTENCES[reason.code]).format(**shown)
    return _AFTER_A_STOP.sub(lambda letter: letter[0].upper(), sentence)


# What one round decided, by the part of the rule and what came of it.
_ROUNDS: dict[tuple[Step, Result], Promise] = {
    (Step.COSTLESS, Result.SELECTED): _("%(name)s costs nothing, and is selected first."),
    (Step.MAIN, Result.SELECTED): _(
        "%(name)s is selected with a score of %(score)s: it costs %(cost)s, and %(left)s was left."
    ),
    (Step.MAIN, Result.DOES_NOT_FIT): _(
        "%(name)s, with a score of %(score)s, costs %(cost)s. Only %(left)s was left, so it is"
        " passed over."
    ),
    (Step.MAIN, Result.BELOW_THRESHOLD): _(
        "%(name)s, with a score of %(score)s, has too few votes to be looked at."
    ),
    (Step.MAIN, Result.GROUP_TAKEN): _(
        "%(name)s is passed over: another one of its group is selected already."
    ),
    (Step.MAIN, Result.AFTER_STOP): _("%(name)s is not looked at: the count has ended."),
    (Step.COMPLETION, Result.SELECTED): _(
        "With what is left over, %(name)s is selected by its votes (%(score)s): it costs %(cost)s,"
        " and %(left)s was left."
    ),
    (Step.COMPLETION, Result.DOES_NOT_FIT): _(
        "With what is left over, %(name)s would be next by its votes (%(score)s). It costs"
        " %(cost)s, and only %(left)s was left."
    ),
    (Step.COMPLETION, Result.GROUP_TAKEN): _(
        "%(name)s is passed over: another one of its group is selected already."
    ),
}
_PAID_EVENLY = _(
    "%(name)s is selected: its %(support)s supporters pay %(price)s each, and together its cost of"
    " %(cost)s."
)
_PAID_UNEVENLY = _(
    "%(name)s is selected: %(full)s of its %(support)s supporters pay %(price)s each, and"
    " %(part)s pay all that they have left, which is less. Together they pay its cost of %(cost)s."
)


_LOADS = _(
    "%(name)s is selected: of all projects that are left, its %(support)s supporters are the first"
    " who can pay its cost of %(cost)s together."
)


def round_sentence(
    each: Round, names: Mapping[str, str], cost_minor: int, currency: str, rule: str
) -> str:
    """What one round decided, as a sentence with its figures."""
    sentence = _ROUNDS.get((each.step, each.result), _ROUNDS[Step.MAIN, each.result])
    if each.price is not None and each.step is Step.MAIN and each.result is Result.SELECTED:
        sentence = _PAID_UNEVENLY if each.paid_in_part else _PAID_EVENLY
    if rule == "phragmen" and (each.step, each.result) == (Step.MAIN, Result.SELECTED):
        sentence = _LOADS
    return str(sentence) % {
        "name": _quoted(each.option, names),
        "score": thousands(int(each.score)),
        "cost": money(cost_minor, currency),
        "left": money(each.remaining_minor, currency),
        "support": thousands(each.support),
        "full": thousands(each.paid_in_full),
        "part": thousands(each.paid_in_part),
        "price": _amount(each.price, currency) if each.price is not None else "",
    }


# An amount that is rounded begins with a small letter, also where it begins a sentence.
_AFTER_A_STOP = re.compile(r"(?<=\. )[a-z]|^[a-z]")
_NAMES_AN_OPTION = frozenset({"winner", "stopped_at", "tied_with"})


def _shown(name: str, value: object, names: Mapping[str, str], currency: str) -> str:
    if name.endswith("_minor") and isinstance(value, int | Fraction):
        return _amount(value, currency)
    if isinstance(value, tuple):
        return ", ".join(_quoted(each, names) for each in value)
    if name in _NAMES_AN_OPTION:
        return _quoted(str(value), names)
    return thousands(value) if isinstance(value, int) else str(value)


def _quoted(code: str, names: Mapping[str, str]) -> str:
    return gettext("“%(name)s”") % {"name": names.get(code, code)}


def _amount(value: int | Fraction, currency: str) -> str:
    """An amount; where it is no whole number of minor units, it says that it is rounded."""
    exact = Fraction(value)
    if exact.denominator == 1:
        return money(int(exact), currency)
    if exact < 1:
        return gettext("less than %(amount)s") % {"amount": money(1, currency)}
    return gettext("about %(amount)s") % {"amount": money(round(exact), currency)}


@register.filter
def of(found: Mapping[Any, Any], key: object) -> Any:
    """``supports|of:proposal.pk`` is what a mapping holds for a key; None without it."""
    return found.get(key)
