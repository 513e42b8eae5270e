"""Refunding a whole campaign: asked for by one treasurer, approved by another, paid one by one."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from civicfund.audit.services import StaleStateError, advance, record, request_act
from civicfund.people.models import User
from civicfund.pledges.enums import (
    BATCH_MOVES,
    CAMPAIGN_MOVES,
    CHARGED_PLEDGE,
    UNDER_WAY_REFUND,
    BatchState,
    CampaignState,
    PledgeState,
    RefundReason,
    RefundState,
)
from civicfund.pledges.models import (
    Campaign,
    Pledge,
    PledgeQuerySet,
    Refund,
    RefundBatch,
)
from civicfund.pledges.selectors.returning import from_project_minor, given_back, to_refund
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
        except StaleStateError:  # another worker has just ended it
            continue


def _follow_batch(batch: RefundBatch) -> None:
    """It ends once everybody has it back; whom it cannot be given now keeps it running.

    A refund of it that failed is for a treasurer to look at.
    """
    failed = Refund.objects.left_failed().filter(batch=batch, pledge=OuterRef("pk"))
    waiting = to_refund(batch.campaign).filter(~Exists(failed))
    _refund_each(waiting, lambda pledge: refund_in_batch(pledge, batch))
    if not waiting.exists() and not _is_undecided(batch):
        advance(batch, BatchState.DONE, BATCH_MOVES, actor=None)


def _is_undecided(batch: RefundBatch) -> bool:
    """Whether more may have to go back: of a charge that a bank decides about, or of a refund that
    is under way, or waits for a second person.
    """
    theirs = Q(pledge__campaign=batch.campaign_id)
    under_way = Refund.objects.filter(theirs, state__in=[RefundState.WAITING, *UNDER_WAY_REFUND])
    disputed = Pledge.objects.filter(campaign=batch.campaign_id, state=PledgeState.DISPUTED)
    return under_way.exists() or disputed.exists()


def _refund_each(
    pledges: PledgeQuerySet,
    refund: Callable[[Pledge], Refund | None],
    most: int = REFUNDS_PER_SWEEP,
) -> None:
    """Plan refunds of these, each by itself, so many at most.

    One that cannot be planned, as where a bank has just taken the charge, or a project was paid,
    stays as it is, to be seen, and holds up no other.
    """
    planned = 0
    turn = list(pledges[:most])
    while turn and planned < most:
        for pledge in turn:
            try:
                planned += refund(pledge) is not None
            except (RefusedError, IntegrityError) as error:
                log.error("refund.not_planned", pledge=str(pledge.pk), said=str(error))
        turn = list(pledges.filter(pk__gt=turn[-1].pk)[:most])


def follow_shortfall(campaign: Campaign) -> None:
    """Give everybody's money back where too little was collected, and note when all have it.

    Whatever is left of a pledge goes back: also where part of it did before, where a bank has
    decided since, where a refund was not made after all. One that fails is for a treasurer to look
    at: the campaign stays as it is until it is made good.
    """
    if campaign.state != CampaignState.FAILED_SHORT:
        return
    failed = Refund.objects.left_failed().filter(pledge=OuterRef("pk"))
    untried = to_refund(campaign).filter(~Exists(failed))
    _refund_each(untried, lambda pledge: refund_by_rule(pledge, RefundReason.TOO_LITTLE))
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state == CampaignState.FAILED_SHORT and not _still_to_be_refunded(locked):
            advance(locked, CampaignState.REFUNDED, CAMPAIGN_MOVES, actor=None)
            tell_creator(locked, "own_campaign_refunded")


def _still_to_be_refunded(campaign: Campaign) -> bool:
    """Whether anybody has not got all of it back; what a bank took back counts as given."""
    paid = Pledge.objects.filter(campaign=campaign, state__in=CHARGED_PLEDGE)
    return (
        paid.exclude(state=PledgeState.CHARGED_BACK)
        .annotate(given_minor=given_back((RefundState.SUCCEEDED,)))
        .filter(given_minor__lt=F("amount_minor"))
        .exists()
    )


def _check_held(campaign: Campaign) -> None:
    """Refuse where nothing is left to give back, or the project does not hold it any more."""
    left = to_refund(campaign)
    if not left.exists():
        raise RefusedError(_("There is nothing left of this campaign to give back."))
    check_amount_held(campaign, from_project_minor(left))
