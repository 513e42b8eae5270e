"""Rules, reasons and points in time, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from babel.numbers import format_decimal
from django import template
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, to_locale
from django.utils.translation import gettext_lazy as _

from budgeting.domain.explain import SENTENCES, Reason
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


_RULES_TOLD: dict[str, Promise] = {
    "greedy": _(
        "The project with the most votes is funded first, then the next one, and so on. A project"
        " that costs more than what is left is passed over."
    ),
    "equal_shares": _(
        "Every voter is given an equal share of the money. A project is funded when the people who"
        " voted for it can pay for it together; the one for which each of them has to give the"
        " least for what it is worth to them goes first. So every group of voters decides on a"
        " part of the money that is as large as the group."
    ),
    "phragmen": _(
        "Every voter is given money, at the same slow pace. As soon as the people who voted for a"
        " project can pay for it together, it is funded. The count ends with the first project"
        " that would cost more than there is."
    ),
}


@register.filter
def rule_told(rule: str) -> str:
    """The rule in one paragraph."""
    family = next((name for name in _RULES_TOLD if rule.startswith(name)), None)
    return str(_RULES_TOLD[family]) if family else ""


def reason_sentence(record: Mapping[str, object], names: Mapping[str, str], currency: str) -> str:
    """Why an option won or lost, as one sentence with its figures.

    ``record`` is what ``Reason.to_json`` wrote, ``names`` the options' names by their codes.
    """
    reason = Reason.from_json(record)
    shown = {name: _shown(name, value, names, currency) for name, value in reason.values.items()}
    sentence = gettext(SENTENCES[reason.code]).format(**shown)
    return _AFTER_A_STOP.sub(lambda letter: letter[0].upper(), sentence)


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
