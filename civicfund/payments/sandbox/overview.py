"""The sandbox's front page: what has happened lately, for a person to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from html import escape
from itertools import islice

from civicfund.payments.sandbox.balance import totals
from civicfund.payments.sandbox.engine import Engine
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import THIN, Transaction

SHOWN = 20
Column = tuple[str, Callable[[Obj], str]]


def overview(engine: Engine) -> str:
    """The body of the page. Client secrets and keys are not on it."""
    with engine.lock:
        tx = engine.transaction()
        tables = "".join(
            [
                _balance(tx),
                _latest(tx, "Payments", "payment_intent", PAYMENTS),
                _latest(tx, "Saved cards", "setup_intent", SETUPS),
                _latest(tx, "Events", "event", [*EVENTS, ("Delivered", _delivery(tx))]),
                _latest(tx, "Thin events", THIN, [*THIN_EVENTS, ("Delivered", _delivery(tx))]),
            ]
        )
        ahead = int(engine.clock.offset_seconds)
    clock = f"The clock is {ahead} seconds ahead." if ahead else "The clock is the machine's own."
    return (
        "<main><h1>Payment sandbox</h1>"
        '<p class="banner">Test payments — no real money</p>'
        f"<p>It speaks Stripe's API on this machine only. {clock}</p>{tables}</main>"
    )


def _balance(tx: Transaction) -> str:
    sums = totals(tx)
    rows = [
        {"currency": currency, "available": sums["available"][currency],
         "pending": sums["pending"][currency]}
        for currency in sorted({*sums["available"], *sums["pending"]})
    ]  # fmt: skip
    columns: list[Column] = [
        ("Currency", lambda row: row["currency"].upper()),
        ("Available (minor units)", lambda row: f"{row['available']:,}"),
        ("Pending (minor units)", lambda row: f"{row['pending']:,}"),
    ]
    return _table("Balance", columns, rows)


def _latest(tx: Transaction, title: str, kind: str, columns: list[Column]) -> str:
    return _table(title, columns, islice(tx.newest_first(kind), SHOWN))


def _table(title: str, columns: list[Column], rows: Iterable[Obj]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name, _ in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(value(row))}</td>' for _, value in columns)}</tr>"
        for row in rows
    )
    if not body:
        return f"<h2>{escape(title)}</h2><p>Nothing yet.</p>"
    name = escape(title)
    return (
        f'<h2>{name}</h2><div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _when(obj: Obj) -> str:
    return datetime.fromtimestamp(obj["created"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _why(obj: Obj) -> str:
    error = obj.get("last_payment_error") or obj.get("last_setup_error") or {}
    return str(error.get("decline_code") or error.get("code") or "")


def _delivery(tx: Transaction) -> Callable[[Obj], str]:
    def state(event: Obj) -> str:
        row = tx.find("_delivery", event["id"])
        return "no endpoint" if row is None else f"{row['state']} ({row['attempts']} tries)"

    return state


PAYMENTS: list[Column] = [
    ("Created", _when),
    ("Id", lambda intent: intent["id"]),
    ("Amount (minor units)", lambda intent: f"{intent['amount']:,} {intent['currency'].upper()}"),
    ("Status", lambda intent: intent["status"]),
    ("Why", _why),
]
SETUPS: list[Column] = [
    ("Created", _when),
    ("Id", lambda intent: intent["id"]),
    ("Customer", lambda intent: intent["customer"] or ""),
    ("Status", lambda intent: intent["status"]),
    ("Why", _why),
]
EVENTS: list[Column] = [
    ("Created", _when),
    ("Type", lambda event: event["type"]),
    ("About", lambda event: event["data"]["object"]["id"]),
]
THIN_EVENTS: list[Column] = [
    ("Created", lambda event: event["created"]),
    ("Type", lambda event: event["type"]),
    ("About", lambda event: event["related_object"]["id"]),
]
