"""One movement of money as the provider tells it and as our books do, compared. Pure.

Amounts are in minor units, below zero where money leaves our balance at the provider.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from civicfund.payments.domain import BalanceLine, MovementKind


class Key(NamedTuple):
    """What names a movement on both sides: why money moved, and the provider's object."""

    kind: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What one side says of a movement. The fee stands apart for charges only."""

    amount_minor: int
    fee_minor: int
    currency: str


def told_by(lines: Iterable[BalanceLine]) -> dict[Key, Fact]:
    """The movements that the provider's lines make up; lines of one movement are one."""
    told: dict[Key, Fact] = {}
    for line in lines:
        key = Key(line.kind, line.object_id)
        so_far = told.get(key, Fact(0, 0, line.currency))
        apart = line.fee_minor if line.kind == MovementKind.CHARGE else 0
        net = line.amount_minor - line.fee_minor + apart
        told[key] = Fact(so_far.amount_minor + net, so_far.fee_minor + apart, line.currency)
    return told


def defect_of(told: Fact | None, booked: Fact | None) -> str | None:
    """What is wrong, by the names of ``enums.Defect``; None where both say the same."""
    if told == booked:
        return None
    if booked is None:
        return "not_booked"
    if told is None:
        return "not_at_provider"
    if told.currency != booked.currency:
        return "currency_differs"
    return "amount_differs" if told.amount_minor != booked.amount_minor else "fee_differs"
