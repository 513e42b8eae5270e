"""Amounts of money: whole minor units (cents, yen), the currency beside them. Standard library."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

# ISO 4217 exponents that are not two.
_DIGITS = {
    "BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3,
    "LYD": 3, "OMR": 3, "PYG": 0, "TND": 3, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


def minor_digits(currency: str) -> int:
    """How many decimal digits the currency's minor unit has (ISO 4217): 2 for EUR, 0 for JPY."""
    return _DIGITS.get(currency, 2)


def one_major_unit(currency: str) -> int:
    """One whole unit of the currency in minor units: 100 for EUR, 1 for JPY."""
    return int(10 ** minor_digits(currency))


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """The amount in major units, exactly."""
    return Decimal(amount_minor).scaleb(-minor_digits(currency))


def to_minor(amount: str | Decimal, currency: str) -> int:
    """The amount in minor units; ``ValueError`` where it is no number or too fine."""
    try:
        scaled = Decimal(amount).scaleb(minor_digits(currency))
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount of money") from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{amount!r} is not a whole number of minor units of {currency}")
    return int(scaled)


class UnclearAmountError(ValueError):
    """What was typed can be two amounts: ``readings`` says both, as ``Decimal``."""

    def __init__(self, typed: str, readings: tuple[Decimal, Decimal]) -> None:
        super().__init__(f"{typed!r} can be read as {readings[0]} and as {readings[1]}")
        self.readings = readings


class NoAmountError(ValueError):
    """What was typed is no number as people write amounts."""


# Apostrophes, which Swiss hands write between thousands.
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u02bc`\u00b4", "'") | {"\u2212": "-"})
_PLAIN = re.compile(r"(?P<whole>\d*)(?:[.,](?P<part>\d*))?")
_GROUPED = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?P<mark>[ '.,])\d{3}(?:(?P=mark)\d{3})*)"
    r"(?:(?!(?P=mark))[.,](?P<part>\d*))?"
)
_UNCLEAR = re.compile(r"(?P<whole>[1-9]\d{0,2})(?P<mark>[.,])(?P<part>\d{3})")


def read_amount(typed: str, currency: str, *, decimal_mark: str, names: Sequence[str] = ()) -> int:
    """The minor units that somebody typed, however people write amounts: "12,50", "1.200,50",
    "1 200", "EUR 12"; ``names`` are the words and signs that the currency goes by.

    ``UnclearAmountError`` where it can be two amounts, as "1,200" can; ``NoAmountError`` where it
    is none; another ``ValueError`` where it is finer than the minor unit. ``decimal_mark`` is what
    the reader's language writes before parts of a unit: it tells "1.200" only of a currency that
    has three digits there.
    """
    sign, text = _bare(typed, names)
    digits = minor_digits(currency)
    unclear = _UNCLEAR.fullmatch(text) if digits else None
    if unclear and not (digits == 3 and unclear["mark"] == decimal_mark):
        whole, part = unclear["whole"], unclear["part"]
        raise UnclearAmountError(typed, (Decimal(whole + part), Decimal(f"{whole}.{part}")))
    number = (None if unclear else _GROUPED.fullmatch(text)) or _PLAIN.fullmatch(text)
    if number is None or not any(map(str.isdigit, text)):
        raise NoAmountError(f"{typed!r} is not an amount of money")
    whole, part = re.sub(r"\D", "", number["whole"]) or "0", number["part"] or "0"
    if len(number["part"] or "") > digits:
        raise ValueError(f"{typed!r} is finer than the minor unit of {currency}")
    return to_minor(f"{sign}{whole}.{part}", currency)


def _bare(typed: str, names: Sequence[str]) -> tuple[str, str]:
    """The sign, and the number without its currency, in ASCII digits and plain spaces."""
    plain = " ".join(typed.translate(_APOSTROPHES).split())
    text = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in plain)
    for name in sorted(names, key=len, reverse=True):
        words = re.escape(" ".join(name.split()))
        text = re.sub(rf"^(-?) ?{words} ?|(?<=[\d.,-]) ?{words}$", r"\1", text, flags=re.IGNORECASE)
    # "12,-" are whole units.
    text = re.sub(r"(?<=\d)([.,])[-\u2013\u2014]+$", r"\1", text)
    return ("-", text[1:].strip()) if text.startswith("-") else ("", text)


def split(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Share ``total_minor`` in proportion to ``weights``, losing no unit.

    Each share is rounded down; the units left over go one each to the largest remainders,
    the earlier position winning a tie (largest-remainder method).
    """
    if total_minor < 0 or any(weight < 0 for weight in weights):
        raise ValueError("only amounts and weights of zero or more can be split")
    whole = sum(weights)
    if whole == 0:
        raise ValueError("nothing to split by: every weight is zero")
    shares = [total_minor * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda i: (-(total_minor * weights[i] % whole), i)
    )
    for position in by_remainder[: total_minor - sum(shares)]:
        shares[position] += 1
    return shares
