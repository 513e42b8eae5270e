"""The only writer of the books."""

from __future__ import annotations

from django.db import connection, transaction

from civicfund.ledger.domain import Legs, balanced, kind_of
from civicfund.ledger.models import Account, Entry, Posting


class BookedDifferentlyError(Exception):
    """The same fact is already in the books with other amounts. Somebody has to look."""


def post(kind: str, *, source_type: str, source_id: str, legs: Legs, currency: str) -> Entry:
    """Book one fact, once: posting it again changes nothing and returns the first entry.

    A caller may be inside its own transaction; the books then stand or fall with it.
    Raises ``UnbalancedError`` for legs that are no entry, ``BookedDifferentlyError`` where the
    fact is booked with other legs.
    """
    balanced(*legs)
    with transaction.atomic():
        entry_id = _insert_entry(kind, source_type, source_id, len(legs))
        if entry_id is None:
            return _already_booked(kind, source_type, source_id, legs)
        accounts = _accounts([leg.account for leg in legs], currency)
        Posting.objects.bulk_create(
            Posting(
                entry_id=entry_id,
                account_id=accounts[leg.account],
                amount_minor=leg.amount_minor,
                currency=currency,
            )
            for leg in legs
        )
    return Entry.objects.get(pk=entry_id)


def alone_with_project(project_id: int) -> None:
    """Wait until nobody else decides about a project's money, and keep others waiting until the
    transaction ends: what is read of its accounts then stays true.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('ledger.project'), hashtext(%s))",
            [str(project_id)],
        )


def _insert_entry(kind: str, source_type: str, source_id: str, legs: int) -> int | None:
    """The new entry's id; None where the fact is booked already.

    A second transaction that books the same fact waits here until the first has ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (source_type, source_id, kind, legs)"
            " VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (source_type, source_id, kind) DO NOTHING RETURNING id",
            [source_type, source_id, kind, legs],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _already_booked(kind: str, source_type: str, source_id: str, legs: Legs) -> Entry:
    """The entry of the fact, where it says the same."""
    entry = Entry.objects.get(source_type=source_type, source_id=source_id, kind=kind)
    booked = set(entry.postings.values_list("account__code", "amount_minor"))
    if booked != {(leg.account, leg.amount_minor) for leg in legs}:
        raise BookedDifferentlyError(f"{entry} is in the books with other amounts")
    return entry


def _accounts(codes: list[str], currency: str) -> dict[str, int]:
    """The ids of the accounts, opened where they are new."""
    found = dict(Account.objects.filter(code__in=codes).values_list("code", "pk"))
    missing = sorted(set(codes) - set(found))
    if not missing:
        return found
    Account.objects.bulk_create(
        [Account(code=code, kind=kind_of(code), currency=currency) for code in missing],
        ignore_conflicts=True,
    )
    return dict(Account.objects.filter(code__in=codes).values_list("code", "pk"))
