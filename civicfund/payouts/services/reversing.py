"""Taking a transfer back: asked for by one treasurer, approved by another, made once.

A refund or a lost dispute after a payout needs the money here again: the provider does not take it
from the recipient by itself. No lock and no transaction is held while the provider is asked.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record, request_act
from civicfund.ledger import domain as books
from civicfund.ledger.services import alone_with_project, post
from civicfund.notices.services import tell
from civicfund.payments.domain import (
    GatewayRefused,
    GatewayUnavailable,
    ProviderReversal,
    RateLimited,
)
from civicfund.payments.gateways import gateway
from civicfund.payments.services import note_orphan
from civicfund.payouts.enums import REVERSAL_MOVES, ReversalState
from civicfund.payouts.models import Payout, Reversal
from civicfund.payouts.services.accounts import check_treasurer
from civicfund.payouts.services.deciding import approved_by_another
from civicfund.payouts.services.errors import RefusedError
from civicfund.people.models import User
from civicfund.templatetags.money import money

log = structlog.get_logger(__name__)

ACT = "take_back_payout"
LOOK_AGAIN = timedelta(minutes=2)
SLOW_DOWN = timedelta(seconds=5)


def request_reversal(payout: Payout, *, by: User, amount_minor: int) -> Reversal:
    """Ask that part or all of a paid transfer be taken back. Raises ``RefusedError``."""
    check_treasurer(by)
    with transaction.atomic():
        row = Payout.objects.select_for_update().get(pk=payout.pk)
        left = row.left_to_take_back_minor
        if not 0 < amount_minor <= left:
            raise RefusedError(
                _("%(left)s of this payout can be taken back.") % {"left": money(left)},
                field="amount",
            )
        reversal = Reversal.objects.create(
            payout=row, amount_minor=amount_minor, currency=row.currency, requested_by=by
        )
        record("reversal.asked", reversal, actor=by, payout=str(row.pk), amount_minor=amount_minor)
        request_act(ACT, reversal, requested_by=by, payout=str(row.pk), amount_minor=amount_minor)
    return reversal


def approve_reversal(reversal: Reversal, *, by: User) -> Reversal:
    """Let a sweep take back what somebody else has asked for. Raises ``RefusedError``."""
    check_treasurer(by)
    with transaction.atomic():
        # The database locks the payout to see what was sent: whoever locks both, locks it first.
        Payout.objects.select_for_update().get(pk=reversal.payout_id)
        row = Reversal.objects.select_for_update().get(pk=reversal.pk)
        if row.state != ReversalState.WAITING:
            raise RefusedError(_("This no longer waits for anybody."))
        approved_by_another(ACT, row, by)
        return advance(row, ReversalState.APPROVED, REVERSAL_MOVES, actor=by, next_step_at=db_now())


def reject_reversal(reversal: Reversal, *, by: User) -> Reversal:
    """Do not take back what waits for a second person."""
    check_treasurer(by)
    return advance(
        reversal, ReversalState.CANCELLED, REVERSAL_MOVES, actor=by, resolved_at=db_now()
    )


def take_reversal_step(reversal_id: UUID) -> None:
    """Take back what is due, or find out what became of it; quiet where there is none.

    May run twice, at once, and after a crash at any point.
    """
    reversal = _claim(reversal_id)
    if reversal is None:
        return
    try:
        apply_reversal(_ask(reversal))
    except RateLimited:
        _put_off(reversal, SLOW_DOWN)
    except GatewayUnavailable as error:
        log.warning("reversal.no_answer", reversal=str(reversal_id), code=error.code)
        _put_off(reversal, LOOK_AGAIN)
    except GatewayRefused as refusal:
        log.error("reversal.refused", reversal=str(reversal_id), code=refusal.code)
        _fail(reversal, refusal.code or "refused")


@transaction.atomic
def _claim(reversal_id: UUID) -> Reversal | None:
    """Take it for a while; None where it is not due or somebody else has it."""
    due = Reversal.objects.due().filter(pk=reversal_id, state=ReversalState.APPROVED)
    reversal = due.select_for_update(skip_locked=True, of=("self",)).first()
    if reversal is not None:
        lease = db_now() + timedelta(seconds=settings.SETTLEMENT_LEASE_SECONDS)
        Reversal.objects.filter(pk=reversal.pk).update(lease_until=lease, next_step_at=lease)
    return reversal


def _ask(reversal: Reversal) -> ProviderReversal:
    """The provider's reversal, found or made."""
    transfer_id = reversal.payout.transfer_id
    if reversal.sent_at is not None:
        # Somebody has asked before and not heard. The key may be forgotten by now; the metadata
        # is not.
        for made in gateway().reversals_of(transfer_id):
            if made.metadata.get("reversal") == str(reversal.pk):
                return made
    Reversal.objects.filter(pk=reversal.pk, sent_at__isnull=True).update(sent_at=db_now())
    return gateway().create_reversal(
        transfer_id,
        amount_minor=reversal.amount_minor,
        key=f"rv:{reversal.pk}",
        metadata={"reversal": str(reversal.pk), "payout": str(reversal.payout_id)},
    )


def apply_reversal(told: ProviderReversal) -> Reversal | None:
    """Note that money of a transfer is here again: worker and comparison both end here.

    Applying the same again changes nothing. One that was made at the provider by hand becomes a
    row as well. None where it is of no payout of ours, or differs from what was asked for.
    """
    payout = Payout.objects.filter(transfer_id=told.transfer_id).exclude(transfer_id="").first()
    if payout is None:
        return None
    with transaction.atomic():
        alone_with_project(payout.project_id)
        row = Payout.objects.select_for_update().get(pk=payout.pk)
        reversal = _ours(row, told) or _made_elsewhere(row, told)
        if reversal is None or reversal.state == ReversalState.DONE:
            return reversal
        if (told.amount_minor, told.currency) != (reversal.amount_minor, reversal.currency):
            note_orphan(told.id, "reversal_differs")
            return None
        advance(
            reversal, ReversalState.DONE, REVERSAL_MOVES,
            actor=None, reversal_id=told.id, resolved_at=db_now(), next_step_at=None,
            lease_until=None,
        )  # fmt: skip
        _note(reversal)
    return reversal


def _ours(payout: Payout, told: ProviderReversal) -> Reversal | None:
    """Our row of it; None where there is none."""
    mine = Reversal.objects.select_for_update(of=("self",)).filter(payout=payout)
    found = mine.filter(reversal_id=told.id).first()
    with suppress(ValueError):
        named = UUID(told.metadata.get("reversal", ""))
        found = found or mine.filter(pk=named, state=ReversalState.APPROVED).first()
    return found


def _made_elsewhere(payout: Payout, told: ProviderReversal) -> Reversal | None:
    """A row for one that nobody has asked for here."""
    reversal = Reversal.objects.create(
        payout=payout,
        state=ReversalState.DONE,
        amount_minor=told.amount_minor,
        currency=told.currency,
        reversal_id=told.id,
        sent_at=db_now(),
        resolved_at=db_now(),
    )
    record("reversal.made_elsewhere", reversal, actor=None, payout=str(payout.pk))
    note_orphan(told.id, "reversal_made_elsewhere")
    _note(reversal)
    return reversal


def _note(reversal: Reversal) -> None:
    """Book it, and tell the owner. The caller is alone with the project's money."""
    project = reversal.payout.project
    post(
        "payout_reversed",
        source_type="reversal",
        source_id=str(reversal.pk),
        legs=books.payout_reversed(project.pk, reversal.amount_minor),
        currency=reversal.currency,
    )
    tell(
        project.proposer, "own_payout_taken_back", reversal,
        project=project.title, amount_minor=reversal.amount_minor,
        project_url=project.get_absolute_url(),
    )  # fmt: skip


def _fail(reversal: Reversal, code: str) -> None:
    """The recipient has not the money, or the provider refuses: a treasurer has to look."""
    with transaction.atomic():
        row = Reversal.objects.select_for_update().get(pk=reversal.pk)
        if row.state == ReversalState.APPROVED:
            advance(
                row, ReversalState.FAILED, REVERSAL_MOVES,
                actor=None, failure_code=code, resolved_at=db_now(), next_step_at=None,
                lease_until=None,
            )  # fmt: skip


def _put_off(reversal: Reversal, wait: timedelta) -> None:
    Reversal.objects.filter(pk=reversal.pk, state=ReversalState.APPROVED).update(
        next_step_at=db_now() + wait, lease_until=None, woken_until=None
    )
