"""Charges that their payers dispute: what the bank takes, gives back, and decides."""

from __future__ import annotations

from django.db import transaction

from civicfund.audit.services import advance, db_now, record
from civicfund.ledger import domain as books
from civicfund.ledger.selectors import collected_for
from civicfund.ledger.services import alone_with_project, post
from civicfund.payments.domain import ProviderDispute
from civicfund.payments.gateways import gateway
from civicfund.payments.services import note_orphan
from civicfund.pledges.enums import (
    CHARGED_PLEDGE,
    DISPUTE_MOVES,
    LIVE_REFUND,
    PLEDGE_MOVES,
    DisputeState,
    PledgeState,
)
from civicfund.pledges.models import Dispute, Pledge
from civicfund.pledges.selectors.returning import given_back_minor, may_go_back_minor
from civicfund.pledges.services.fees import fees_of, note_fees
from civicfund.pledges.services.locks import pledge_alone


def apply_dispute(told: ProviderDispute) -> Dispute | None:
    """Act on what the provider says of a dispute; None where it is of no charge of ours.

    While it is open, its money is held by the bank: it can be neither paid out nor refunded.
    Applying the same again, late or out of order, changes nothing.
    """
    found = Pledge.objects.filter(payment_intent_id=told.payment_intent_id).only("pk").first()
    if found is None or told.livemode != gateway().livemode:
        note_orphan(told.id, "dispute_of_no_pledge")
        return None
    with transaction.atomic():
        pledge = pledge_alone(found.pk)
        if pledge.state not in CHARGED_PLEDGE or told.currency != pledge.currency:
            note_orphan(told.id, f"disputed_though_{pledge.state}")
            return None
        alone_with_project(pledge.campaign.project_id)
        dispute = _row(pledge, told)
        if dispute.state == DisputeState.OPEN:
            _follow(pledge, dispute, told)
    return dispute


def _row(pledge: Pledge, told: ProviderDispute) -> Dispute:
    known = Dispute.objects.filter(pk=told.id).first()
    if known is not None:
        return known
    dispute = Dispute.objects.create(
        id=told.id,
        pledge=pledge,
        amount_minor=told.amount_minor,
        currency=told.currency,
        reason=told.reason,
        evidence_due_at=told.evidence_due_at,
    )
    record("dispute.opened", dispute, actor=None, pledge=str(pledge.pk), amount=told.amount_minor)
    return dispute


def _follow(pledge: Pledge, dispute: Dispute, told: ProviderDispute) -> None:
    """The caller holds the pledge's lock, and is alone with its project's money."""
    project_id = pledge.campaign.project_id
    if told.taken is not None:
        taken = told.taken
        fees = note_fees(dispute, taken.amount_minor)
        legs = books.dispute_opened(project_id, taken.amount_minor, taken.fee_minor, fees)
        _book(dispute, "dispute_opened", legs)
        if pledge.state == PledgeState.COLLECTED:
            advance(pledge, PledgeState.DISPUTED, PLEDGE_MOVES, actor=None)
    if told.won is False:
        _lose(pledge, dispute, told)
    elif told.won and (told.taken is None or told.given_back is not None):
        _win(pledge, dispute, told)


def _win(pledge: Pledge, dispute: Dispute, told: ProviderDispute) -> None:
    if told.given_back is not None:
        legs = books.dispute_won(
            pledge.campaign.project_id, told.given_back.amount_minor, told.given_back.fee_minor,
            fees_of(dispute),
        )  # fmt: skip
        _book(dispute, "dispute_won", legs)
    advance(dispute, DisputeState.WON, DISPUTE_MOVES, actor=None, decided_at=db_now())
    if pledge.state == PledgeState.DISPUTED:
        advance(pledge, PledgeState.COLLECTED, PLEDGE_MOVES, actor=None)


def _lose(pledge: Pledge, dispute: Dispute, told: ProviderDispute) -> None:
    """The project bears what is still held for it, and the town what it has been paid already."""
    if told.taken is not None:
        project_id = pledge.campaign.project_id
        amount = told.taken.amount_minor
        # What backers of its other campaigns may get back does not pay for it.
        held = collected_for(project_id) - may_go_back_minor(project_id, besides=pledge.campaign)
        legs = books.dispute_lost(project_id, amount, held)
        _book(dispute, "dispute_lost", legs)
    advance(dispute, DisputeState.LOST, DISPUTE_MOVES, actor=None, decided_at=db_now())
    if pledge.state == PledgeState.DISPUTED:
        # Of a charge that was disputed in part the rest stays collected, and can be given back.
        rest = pledge.amount_minor > given_back_minor(pledge, LIVE_REFUND)
        done = PledgeState.COLLECTED if rest else PledgeState.CHARGED_BACK
        advance(pledge, done, PLEDGE_MOVES, actor=None)


def _book(dispute: Dispute, kind: str, legs: books.Legs) -> None:
    post(kind, source_type="dispute", source_id=dispute.pk, legs=legs, currency=dispute.currency)
