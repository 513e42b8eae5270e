"""How fast facts are booked, and the treasurers' page over many of them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from civicfund.ledger import domain as books
from civicfund.ledger.services import post

AMOUNT_MINOR = 2_500
LEGS = 2
_ROWS_AT_ONCE = 100_000


def booked_per_second(entries: int, at_once: int) -> float:
    """Postings a second: each entry in a transaction of its own, so many writers at once."""

    def book(first: int) -> None:
        try:
            for n in range(first, entries, at_once):
                legs = books.charge(n % 50 + 1, AMOUNT_MINOR)
                post("charge", source_type="bench", source_id=str(n), legs=legs, currency="EUR")
        finally:
            connection.close()  # this thread's own

    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(book, range(at_once)))
    return round(entries * LEGS / (time.perf_counter() - started), 1)


def fill_books(postings: int) -> None:
    """So many postings more, all at once: what a large town books in years.

    Charges of fifty projects, as the ledger books them; the database checks every one.
    """
    post("charge", source_type="fill", source_id="first", currency="EUR",
         legs=books.charge(1, AMOUNT_MINOR))  # fmt: skip
    for project in range(1, 51):
        post(
            "charge", source_type="fill", source_id=f"of {project}", currency="EUR",
            legs=books.charge(project, AMOUNT_MINOR),
        )  # fmt: skip
    entries = postings // LEGS
    for first in range(0, entries, _ROWS_AT_ONCE):
        with transaction.atomic(), connection.cursor() as cursor:
            numbers = {"first": first, "last": min(first + _ROWS_AT_ONCE, entries) - 1}
            cursor.execute(_ENTRIES, numbers)
            cursor.execute(
                _POSTINGS,
                numbers | {"amount": AMOUNT_MINOR, "pending": books.STRIPE_PENDING},
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_entry, ledger_posting")


_ENTRIES = """
INSERT INTO ledger_entry (source_type, source_id, kind, legs)
SELECT 'fill', n::text, 'charge', 2 FROM generate_series(%(first)s, %(last)s) n
"""
_POSTINGS = """
INSERT INTO ledger_posting (entry_id, account_id, amount_minor, currency)
SELECT e.id, a.id, side.amount, 'EUR'
FROM generate_series(%(first)s, %(last)s) n
JOIN ledger_entry e ON e.source_type = 'fill' AND e.source_id = n::text AND e.kind = 'charge'
CROSS JOIN LATERAL (VALUES
    (%(pending)s, %(amount)s),
    ('project_payable/' || (n %% 50 + 1) || '/pledges', -%(amount)s)
) AS side(code, amount)
JOIN ledger_account a ON a.code = side.code
"""
