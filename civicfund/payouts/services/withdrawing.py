"""Money that went from the provider to the town's own bank, as the nightly comparison finds it."""

from __future__ import annotations

from django.db import transaction

from civicfund.audit.services import record
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.payments.domain import ProviderPayout
from civicfund.payouts.models import Withdrawal


@transaction.atomic
def apply_withdrawal(told: ProviderPayout) -> Withdrawal:
    """Note that it left, and that it came back where the bank did not take it.

    Applying the same again changes nothing.
    """
    row, is_new = Withdrawal.objects.get_or_create(
        pk=told.id, defaults={"amount_minor": told.amount_minor, "currency": told.currency}
    )
    if is_new:
        record("withdrawal.found", row, actor=None, amount_minor=told.amount_minor)
    _book(row, "withdrawn", books.withdrawn(told.amount_minor))
    if told.came_back:
        Withdrawal.objects.filter(pk=row.pk).update(came_back=True)
        _book(row, "withdrawal_returned", books.withdrawal_returned(told.amount_minor))
    row.refresh_from_db()
    return row


def _book(row: Withdrawal, kind: str, legs: books.Legs) -> None:
    post(kind, source_type="withdrawal", source_id=row.pk, legs=legs, currency=row.currency)
