"""When the provider releases what it keeps of a charge, so that it can be paid out."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.pledges.models import Pledge


def book_released(most: int) -> int:
    """Book what the provider has released by now, oldest first; return of how many pledges."""
    done = 0
    while done < most and _book_next():
        done += 1
    return done


@transaction.atomic
def _book_next() -> bool:
    due = Pledge.objects.filter(available_at__lte=Now(), fee_minor__isnull=False)
    pledge = due.order_by("available_at").select_for_update(skip_locked=True).first()
    if pledge is None or pledge.fee_minor is None:
        return False
    kept = pledge.amount_minor - pledge.fee_minor
    if kept > 0:
        post(
            "available",
            source_type="pledge",
            source_id=str(pledge.pk),
            legs=books.available(kept),
            currency=pledge.currency,
        )
    Pledge.objects.filter(pk=pledge.pk).update(available_at=None)
    return True
