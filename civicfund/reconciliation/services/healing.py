"""Mending what differs, where asking the provider again is enough.

Nothing here writes money facts: what was missed goes through the same ``apply_…`` as always.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.core.exceptions import ValidationError

from civicfund.payments.domain import MovementKind
from civicfund.payments.gateways import gateway
from civicfund.payouts.models import Payout
from civicfund.payouts.services.reversing import apply_reversal
from civicfund.payouts.services.sending import apply_transfer
from civicfund.payouts.services.withdrawing import apply_withdrawal
from civicfund.pledges.services.applying import apply_payment_intent
from civicfund.pledges.services.disputes import apply_dispute
from civicfund.pledges.services.refunding import apply_refund
from civicfund.reconciliation.domain import Key


def heal(key: Key) -> None:
    """Ask the provider for what moved the money, and act on it as on any news of it.

    Raises the errors of the gateway, and ``BookedDifferentlyError`` where the books say otherwise.
    """
    _HEAL.get(key.kind, _leave)(key.object_id)


def _leave(object_id: str) -> None:
    """Nothing of ours: only a person can tell what it is."""


def _charge(object_id: str) -> None:
    intent_id = gateway().order_of(object_id)
    if intent_id:
        apply_payment_intent(gateway().retrieve_payment_intent(intent_id))


def _refund(object_id: str) -> None:
    apply_refund(gateway().retrieve_refund(object_id))


def _dispute(object_id: str) -> None:
    apply_dispute(gateway().retrieve_dispute(object_id))


def _transfer(object_id: str) -> None:
    told = gateway().retrieve_transfer(object_id)
    with suppress(Payout.DoesNotExist, ValidationError):  # made by hand, under no id of ours
        apply_transfer(Payout.objects.get(pk=told.metadata.get("payout", "")), told)


def _transfer_returned(object_id: str) -> None:
    transfer_id = gateway().reversed_transfer(object_id)
    for told in gateway().reversals_of(transfer_id) if transfer_id else []:
        if told.id == object_id:
            apply_reversal(told)


def _withdrawal(object_id: str) -> None:
    apply_withdrawal(gateway().retrieve_payout(object_id))


_HEAL: dict[str, Callable[[str], None]] = {
    MovementKind.CHARGE: _charge,
    MovementKind.REFUND: _refund,
    MovementKind.REFUND_RETURNED: _refund,
    MovementKind.DISPUTE_TAKEN: _dispute,
    MovementKind.DISPUTE_RETURNED: _dispute,
    MovementKind.TRANSFER: _transfer,
    MovementKind.TRANSFER_RETURNED: _transfer_returned,
    MovementKind.WITHDRAWAL: _withdrawal,
    MovementKind.WITHDRAWAL_RETURNED: _withdrawal,
}
