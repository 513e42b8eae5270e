"""Refunding a whole campaign: asked for by one treasurer, approved by another, paid one by one."""

from __future__ import annotations

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, record, request_act
from civicfund.people.models import User
from civicfund.pledges.domain import town_fee
from civicfund.pledges.enums import (
    BATCH_MOVES,
    CAMPAIGN_MOVES,
    CHARGED_PLEDGE,
    LIVE_REFUND,
    UNDER_WAY_REFUND,
    BatchState,
    CampaignState,
    PledgeState,
    RefundReason,
    RefundState,
)
from civicfund.pledges.models import Campaign, Pledge, PledgeQuerySet, Refund, RefundBatch
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.letters import tell_creator
from civicfund.pledges.services.locks import campaign_to_move
from civicfund.pledges.services.refunds import (
    approve,
    check_amount_held,
    check_treasurer,
    refund_by_rule,
    refund_in_batch,
)

log = structlog.get_logger(__name__)

ACT = "refund_campaign"
REFUNDS_PER_SWEEP = 200


def refund_campaign(campaign: Campaign, *, by: User, reason: str) -> RefundBatch:
    """Ask to give every backer of a campaign back what is left of their pledge.

    Raises ``RefusedError`` where nothing is left, or where the project has been paid already.
    """
    check_treasurer(by)
    with transaction.atomic():
        _check_held(campaign)
        try:
            with transaction.atomic():
                batch = RefundBatch.objects.create(
                    campaign=campaign, reason=reason, requested_by=by
                )
        except IntegrityError as error:
            if "refund_batch_one_at_a_time" not in str(error):
                raise
            raise RefusedError(_("This campaign is already being refunded.")) from error
        record("refund_batch.asked", batch, actor=by, campaign=campaign.pk)
        request_act(ACT, batch, requested_by=by, campaign=campaign.pk)
    return batch


def approve_batch(batch: RefundBatch, *, by: User) -> RefundBatch:
    """Let the refund of a campaign go that another treasurer has asked for."""
    check_treasurer(by)
    with transaction.atomic():
        row = RefundBatch.objects.select_for_update().get(pk=batch.pk)
        if row.state != BatchState.WAITING:
            raise RefusedError(_("This refund no longer waits for anybody."))
        _check_held(row.campaign)
        approve(row, ACT, by)
        return advance(row, BatchState.RUNNING, BATCH_MOVES, actor=by)


def reject_batch(batch: RefundBatch, *, by: User) -> RefundBatch:
    """Do not refund the campaign after all."""
    check_treasurer(by)
    return advance(batch, BatchState.CANCELLED, BATCH_MOVES, actor=by)


def follow_batches() -> None:
    """Plan what approved batches have still to refund, some at a time, and end those that are."""
    for batch in RefundBatch.objects.filter(state=BatchState.RUNNING).select_related("campaign"):
        try:
            _follow_batch(batch)
        except RefusedError as refusal:
            # Somebody was paid meanwhile: it stays as it is, to be seen, and holds up no other.
            log.error("refund_batch.stopped", batch=batch.pk, said=str(refusal))


def _follow_batch(batch: RefundBatch) -> None:
    in_batch = Refund.objects.filter(batch=batch, pledge=OuterRef("pk"))
    waiting = to_refund(batch.campaign).filter(~Exists(in_batch))[:REFUNDS_PER_SWEEP]
    planned = [refund_in_batch(pledge, batch) for pledge in waiting]
    if planned or batch.refunds.filter(state__in=UNDER_WAY_REFUND).exists():
        return
    advance(batch, BatchState.DONE, BATCH_MOVES, actor=None)


def follow_shortfall(campaign: Campaign) -> None:
    """Give everybody's money back where too little was collected, and note when all have it.

    A refund that fails is for a treasurer to look at: the campaign stays as it is until it is made
    good.
    """
    if campaign.state != CampaignState.FAILED_SHORT:
        return
    untried = ~Exists(Refund.objects.filter(pledge=OuterRef("pk")))
    for pledge in to_refund(campaign).filter(untried)[:REFUNDS_PER_SWEEP]:
        refund_by_rule(pledge, RefundReason.TOO_LITTLE)
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state == CampaignState.FAILED_SHORT and not _still_to_be_refunded(locked):
            advance(locked, CampaignState.REFUNDED, CAMPAIGN_MOVES, actor=None)
            tell_creator(locked, "own_campaign_refunded")


def to_refund(campaign: Campaign) -> PledgeQuerySet:
    """Collected pledges of a campaign of which something is left to give back."""
    collected = Pledge.objects.filter(campaign=campaign, state=PledgeState.COLLECTED)
    return (
        collected.select_related("campaign")
        .annotate(given_minor=_given_back(LIVE_REFUND))
        .filter(given_minor__lt=F("amount_minor"))
        .order_by("pk")
    )


def _still_to_be_refunded(campaign: Campaign) -> bool:
    """Whether anybody has not got all of it back; what a bank took back counts as given."""
    paid = Pledge.objects.filter(campaign=campaign, state__in=CHARGED_PLEDGE)
    return (
        paid.exclude(state=PledgeState.CHARGED_BACK)
        .annotate(given_minor=_given_back((RefundState.SUCCEEDED,)))
        .filter(given_minor__lt=F("amount_minor"))
        .exists()
    )


def _given_back(states: tuple[RefundState, ...], field: str = "amount_minor") -> Coalesce:
    made = Refund.objects.filter(pledge=OuterRef("pk"), state__in=states).order_by()
    sums = made.values("pledge").annotate(sum=Sum(field)).values("sum")
    return Coalesce(sums, 0)


def _check_held(campaign: Campaign) -> None:
    """Refuse where nothing is left to give back, or the project does not hold it any more."""
    fees = _given_back(LIVE_REFUND, "town_fee_minor") + _given_back(
        LIVE_REFUND, "provider_fee_minor"
    )
    left = to_refund(campaign).annotate(fees_back_minor=fees)
    rows = left.values_list("amount_minor", "given_minor", "project_fee_minor", "fees_back_minor")
    from_project = [
        amount - given - town_fee(amount, campaign.town_fee_thousandths) - borne + fees_back
        for amount, given, borne, fees_back in rows.iterator(chunk_size=10_000)
    ]
    if not from_project:
        raise RefusedError(_("There is nothing left of this campaign to give back."))
    check_amount_held(campaign, sum(from_project))
