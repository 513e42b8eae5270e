"""The one way an amount is written on a page or in a mail."""

from __future__ import annotations

from babel.numbers import format_currency
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
    currency = currency or settings.CURRENCY
    amount = to_decimal(amount_minor, currency)
    locale = (get_language() or settings.LANGUAGE_CODE).replace("-", "_")
    whole = amount == amount.to_integral_value() and minor_digits(currency) > 0
    if whole:
        return format_currency(amount, currency, "¤#,##0", locale=locale, currency_digits=False)
    return format_currency(amount, currency, locale=locale)
