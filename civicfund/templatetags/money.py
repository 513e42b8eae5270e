"""The one way an amount is written on a page or in a mail."""

from __future__ import annotations

import re
from functools import lru_cache

from babel.numbers import format_currency, get_decimal_symbol
from django import template
from django.conf import settings
from django.utils.translation import get_language

from civicfund.money import minor_digits, to_decimal

register = template.Library()


@register.filter
def money(amount_minor: int | None, currency: str = "") -> str:
    """``123450|money`` is €1,234.50 in English; whole amounts lose their zeros; None is a dash."""
    if amount_minor is None:
        return "\u2013"
    locale = (get_language() or settings.LANGUAGE_CODE).replace("-", "_")
    return _written(amount_minor, currency or settings.CURRENCY, locale)


@lru_cache(maxsize=4096)
def _written(amount_minor: int, currency: str, locale: str) -> str:
    """Remembered, since a page of results writes hundreds of amounts, and the same ones again."""
    amount = to_decimal(amount_minor, currency)
    # Letters next to a number are set apart from it (Unicode's CLDR asks for it, Babel does not).
    written = re.sub(
        r"(?<=[A-Za-z])(?=\d)", "\u00a0", format_currency(amount, currency, locale=locale)
    )
    digits = minor_digits(currency)
    if digits and amount == amount.to_integral_value():
        return written.replace(get_decimal_symbol(locale) + "0" * digits, "", 1)
    return written
