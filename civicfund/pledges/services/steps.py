"""What a sweep finds due, and the one step that each of it takes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from civicfund.audit.services import db_now
from civicfund.payments import services
from civicfund.payments.domain import GatewayRefused, GatewayUnavailable, RateLimited
from civicfund.payments.enums import (
    CARD_EVENTS,
    DISPUTE_EVENTS,
    PAYMENT_EVENTS,
    REFUND_EVENTS,
    SETUP_EVENTS,
    EventType,
)
from civicfund.payments.gateways import gateway
from civicfund.payments.models import ProviderEvent
from civicfund.pledges.enums import (
    CHANGEABLE_PLEDGE,
    CHARGED_PLEDGE,
    COLLECTING_CAMPAIGN,
    FAILED_PLEDGE,
    OWED_PLEDGE,
    CampaignState,
    PledgeState,
)
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.services.applying import apply_payment_intent
from civicfund.pledges.services.campaigns import send_back_if_too_late, start_if_time
from civicfund.pledges.services.cards import (
    apply_setup_intent,
    check_card,
    forget_card,
    forget_replaced_cards,
)
from civicfund.pledges.services.closing import close_if_over, decide_if_time
from civicfund.pledges.services.disputes import apply_dispute
from civicfund.pledges.services.locks import KEEPING
from civicfund.pledges.services.moderating import cancel_if_suspended_too_long
from civicfund.pledges.services.progress import follow_collection
from civicfund.pledges.services.recovery import (
    LOOK_LATER,
    drop_if_over,
    read_back,
    try_renewed_card,
)
from civicfund.pledges.services.refund_batches import follow_shortfall
from civicfund.pledges.services.refunding import apply_refund
from civicfund.pledges.services.settlement import settle_pledge

log = structlog.get_logger(__name__)


def take_step(pledge_id: UUID) -> None:
    """Do what is next for a pledge that is due; return quietly where nothing is. Calls the network.

    May run twice, and at once. Where the provider does not answer, a sweep comes back to it; where
    it refuses what the step asks, later, and the log says so.
    """
    pledge = Pledge.objects.due().filter(pk=pledge_id).first()
    if pledge is None:
        return
    try:
        _step_for(pledge)(pledge)
    except (GatewayUnavailable, RateLimited) as error:
        log.warning("pledge.no_answer", pledge=str(pledge_id), code=error.code)
    except GatewayRefused as refusal:
        log.error("pledge.step_refused", pledge=str(pledge_id), code=refusal.code)
        Pledge.objects.filter(pk=pledge_id).update(next_step_at=db_now() + LOOK_LATER)


def _step_for(pledge: Pledge) -> Callable[[Pledge], object]:
    if pledge.state == PledgeState.ACTIVE and pledge.replaced_cards:
        return forget_replaced_cards
    if pledge.state in CHANGEABLE_PLEDGE:
        return check_card
    if pledge.state in FAILED_PLEDGE and _recovery_over(pledge):
        return drop_if_over
    if pledge.state in OWED_PLEDGE:
        return settle_pledge
    if pledge.state in CHARGED_PLEDGE and pledge.fee_minor is None:
        return read_back
    return forget_card


def _recovery_over(pledge: Pledge) -> bool:
    return pledge.recovery_ends_at is not None and pledge.recovery_ends_at <= db_now()


def campaigns_to_move() -> list[int]:
    """Campaigns whose start, end or decision has come, or that are being collected."""
    grace = timedelta(seconds=settings.CLOSING_GRACE_SECONDS)
    start = Q(state=CampaignState.APPROVED) & (Q(starts_at__isnull=True) | Q(starts_at__lte=Now()))
    end = Q(state__in=KEEPING, deadline_at__lte=Now())
    decide = Q(state=CampaignState.CLOSING, deadline_at__lte=Now() - grace)
    collect = Q(state__in=[*COLLECTING_CAMPAIGN, CampaignState.FAILED_SHORT])
    due = Campaign.objects.filter(start | end | decide | collect).order_by("deadline_at", "pk")
    return list(due.values_list("pk", flat=True))


def move_campaign(campaign_id: int) -> None:
    """Take every step that is due for a campaign; return quietly where none is. Calls the network.

    May run twice, and at once. Where the provider does not answer, a sweep comes back to it.
    """
    campaign = Campaign.objects.get(pk=campaign_id)
    start_if_time(campaign)
    send_back_if_too_late(campaign)
    cancel_if_suspended_too_long(campaign)
    close_if_over(campaign)
    try:
        decide_if_time(campaign)
    except (GatewayUnavailable, RateLimited) as error:
        log.warning("campaign.not_decided_yet", campaign=campaign_id, code=error.code)
    follow_shortfall(follow_collection(campaign))


def act_on_events(most: int) -> int:
    """Act on what the provider told us, each event by itself; return how many. Calls the network.

    The object is read again, so that duplicates, old news and any order come to the same end.
    """
    kinds = (*SETUP_EVENTS, *PAYMENT_EVENTS, *REFUND_EVENTS, *DISPUTE_EVENTS, *CARD_EVENTS)
    return services.act_on_events(kinds, _act_on, most)


def _act_on(event: ProviderEvent) -> None:
    if event.type in SETUP_EVENTS:
        apply_setup_intent(gateway().retrieve_setup_intent(event.object_id))
    elif event.type in REFUND_EVENTS:
        apply_refund(gateway().retrieve_refund(event.object_id))
    elif event.type in DISPUTE_EVENTS:
        apply_dispute(gateway().retrieve_dispute(event.object_id))
    elif event.type in CARD_EVENTS:
        try_renewed_card(event.object_id)
    elif not _holds_all_of(event):
        apply_payment_intent(gateway().retrieve_payment_intent(event.object_id))


def _holds_all_of(event: ProviderEvent) -> bool:
    """Whether the worker that charged has read all that this news could tell.

    Most news of a settlement is such: asking again would take half of the provider's limit for
    reading, and halve the pace. A charge and its fee are for good; what may follow, refunds and
    disputes, is news of its own.
    """
    read = Pledge.objects.filter(
        payment_intent_id=event.object_id, state__in=CHARGED_PLEDGE, fee_minor__isnull=False
    )
    return event.type == EventType.PAYMENT_SUCCEEDED and read.exists()
