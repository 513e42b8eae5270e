"""Amounts of money in forms: read as people type them, and never silently misread."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from string import ascii_uppercase
from typing import Any

from babel.numbers import format_decimal, get_currency_symbol, get_decimal_symbol
from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from civicfund.money import (
    NoAmountError,
    UnclearAmountError,
    minor_digits,
    read_amount,
    to_decimal,
)
from civicfund.projects.models import MOST_PER_LINE_MINOR


class MoneyField(forms.CharField):
    """An amount in major units, however people type it ("1,234.50", "12,50", "€ 12"), cleaned to an
    ``int`` of minor units.

    What was typed is kept when it is refused. ``None`` where nothing was typed.
    """

    default_error_messages = {
        "not_money": _("Write an amount such as 1200 or %(example)s."),
        "too_fine": _("There are too many digits after the point."),
        "unclear": _("Is this %(whole)s or %(part)s? Write %(plain)s or %(part)s."),
        "not_positive": _("The amount must be above zero."),
        "too_much": _("This is more than can be written here."),
    }

    def __init__(self, *, zero: bool = False, **options: Any) -> None:
        self.lowest_minor = 0 if zero else 1
        options.setdefault("max_length", 24)
        super().__init__(**options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: object) -> object:
        """An ``int`` of minor units as it would be typed; anything else as it is."""
        return _typed(value) if isinstance(value, int) else value

    def clean(self, value: object) -> int | None:
        """The amount in minor units."""
        typed = super().clean(value)
        if not typed:
            return None
        amount_minor = self._read(typed)
        if amount_minor < self.lowest_minor:
            raise self._refused("not_positive")
        if amount_minor > MOST_PER_LINE_MINOR:
            raise self._refused("too_much")
        return amount_minor

    def _read(self, typed: str) -> int:
        mark = get_decimal_symbol(_locale())
        try:
            return read_amount(
                typed, settings.CURRENCY, decimal_mark=mark, names=_names(settings.CURRENCY)
            )
        except UnclearAmountError as error:
            whole, part = error.readings
            raise self._refused(
                "unclear", whole=_shown(whole), part=_shown(part), plain=f"{whole:f}"
            ) from None
        except NoAmountError:
            raise self._refused("not_money", example=_example()) from None
        except ValueError:
            raise self._refused("too_fine") from None

    def _refused(self, code: str, **words: str) -> forms.ValidationError:
        return forms.ValidationError(self.error_messages[code], code, words)


def _locale() -> str:
    return (get_language() or settings.LANGUAGE_CODE).replace("-", "_")


@lru_cache(maxsize=32)
def _names(currency: str) -> tuple[str, ...]:
    """What people call the currency next to a number: its code, and its signs in every language,
    also without the country ("CA$" and "$").
    """
    locales = [code.replace("-", "_") for code, _name in settings.LANGUAGES]
    signs = {get_currency_symbol(currency, locale=locale) for locale in locales}
    bare = {sign.lstrip(ascii_uppercase) for sign in signs}
    return (currency, *sorted((signs | bare) - {currency, ""}))


def _shown(amount: Decimal) -> str:
    """With as many digits as the currency has, and thousands set apart, as the language does."""
    zeros = "0" * minor_digits(settings.CURRENCY)
    return format_decimal(amount, format=f"#,##0.{zeros}###", locale=_locale())


def _typed(amount_minor: int) -> str:
    """As somebody would type it in the active language: "1234.50", with no mark of thousands."""
    plain = f"{to_decimal(amount_minor, settings.CURRENCY):f}"
    return plain.replace(".", get_decimal_symbol(_locale()))


def _example() -> str:
    return _typed(123_450)


def amount_hint() -> str:
    """How an amount is typed in the town's currency: "EUR, such as 1234.50"."""
    return gettext("%(currency)s, such as %(example)s") % {
        "currency": settings.CURRENCY,
        "example": _example(),
    }
