"""What happens later by itself: refunds that settle, disputes that open, payouts that arrive."""

from __future__ import annotations

from collections.abc import Callable

from civicfund.payments.sandbox.store import Transaction, new_id

KIND = "_due"
Act = Callable[[Transaction, str], None]
ACTS: dict[str, Act] = {}


def act(name: str) -> Callable[[Act], Act]:
    """Let the decorated function, given an object's id, happen when its time has come."""

    def register(function: Act) -> Act:
        ACTS[name] = function
        return function

    return register


def schedule(tx: Transaction, name: str, subject: str, delay_seconds: int) -> None:
    """Have ``name`` happen to the object ``subject`` after so many seconds of the sandbox."""
    row = {"id": new_id("due"), "act": name, "subject": subject, "due": tx.now + delay_seconds}
    tx.add(KIND, row)


def run_due(tx: Transaction) -> None:
    """Do everything whose time has come, in the order of its time."""
    rows = [row for row in tx.newest_first(KIND) if row["due"] <= tx.now]
    rows.reverse()
    for row in sorted(rows, key=lambda row: int(row["due"])):
        tx.remove(KIND, row["id"])
        ACTS[row["act"]](tx, row["subject"])
