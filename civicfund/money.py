"""Amounts of money: whole minor units (cents, yen), the currency beside them. Standard library."""

from __future__ import annotations

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
