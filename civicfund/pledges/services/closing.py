"""The end of a campaign: closed after its deadline, decided once, all or nothing."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from civicfund.audit.services import advance, advance_all, db_now
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.pledges.domain import Promise, Verdict, decide
from civicfund.pledges.enums import (
    CAMPAIGN_MOVES,
    CHANGEABLE_PLEDGE,
    PLEDGE_MOVES,
    CampaignState,
    Decision,
    PledgeState,
)
from civicfund.pledges.models import Campaign, CampaignOutcome, Pledge
from civicfund.pledges.services.campaigns import release_all
from civicfund.pledges.services.cards import apply_setup_intent, started_card
from civicfund.pledges.services.letters import tell_backers, tell_creator
from civicfund.pledges.services.locks import campaign_to_move


def close_if_over(campaign: Campaign) -> bool:
    """Stop taking pledges once the deadline has passed; whether it did.

    Nobody is in the middle of a pledge: they hold the campaign until they have finished.
    """
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state != CampaignState.LIVE or db_now() < locked.deadline_at:
            return False
        advance(locked, CampaignState.CLOSING, CAMPAIGN_MOVES, actor=None)
    return True


def decide_if_time(campaign: Campaign) -> CampaignOutcome | None:
    """Decide a closing campaign once its grace is over; None where it is not time.

    Cards that were begun before the deadline are looked up at the provider first, so that none
    that was saved in time is lost with a late webhook. Where the provider does not answer, this
    raises ``GatewayUnavailable``, and the next sweep tries again.
    """
    grace = timedelta(seconds=settings.CLOSING_GRACE_SECONDS)
    campaign.refresh_from_db()
    if campaign.state != CampaignState.CLOSING or db_now() < campaign.deadline_at + grace:
        return None
    _look_up_started_cards(campaign)
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state != CampaignState.CLOSING:
            return None
        return _decide(locked)


def _look_up_started_cards(campaign: Campaign) -> None:
    """Read back every card that is being saved or replaced. Calls the network."""
    started = Pledge.objects.filter(
        campaign=campaign, state__in=CHANGEABLE_PLEDGE, checkout_ends_at__isnull=False
    ).exclude(setup_intent_id="")
    for pledge in started:
        intent = started_card(pledge)
        if intent is not None:
            apply_setup_intent(intent)


def _decide(campaign: Campaign) -> CampaignOutcome:
    """Write the decision and what it does to every pledge. The caller holds the campaign alone."""
    active = Pledge.objects.filter(campaign=campaign, state=PledgeState.ACTIVE)
    verdict = decide(
        (Promise(str(pk), amount) for pk, amount in active.values_list("pk", "amount_minor")),
        goal_minor=campaign.goal_minor,
    )
    outcome = CampaignOutcome.objects.create(
        campaign=campaign,
        decision=Decision.FUNDED if verdict.funded else Decision.UNFUNDED,
        pledged_minor=verdict.pledged_minor,
        pledges=verdict.pledges,
        digest=verdict.digest,
    )
    if verdict.funded:
        _fund(campaign, outcome, verdict)
    else:
        _let_go(campaign, verdict)
    return outcome


def _fund(campaign: Campaign, outcome: CampaignOutcome, verdict: Verdict) -> None:
    advance(campaign, CampaignState.FUNDED, CAMPAIGN_MOVES, actor=None)
    advance_all(
        Pledge.objects.filter(campaign=campaign),
        PledgeState.ACTIVE,
        PledgeState.DUE,
        PLEDGE_MOVES,
        actor=None,
        outcome=outcome,
        next_step_at=db_now(),
        checkout_ends_at=None,
    )
    release_all(campaign, by=None)
    post(
        "promise",
        source_type="campaign",
        source_id=str(campaign.pk),
        legs=books.promise(campaign.project_id, verdict.pledged_minor),
        currency=campaign.currency,
    )
    tell_backers(campaign, "campaign_funded", pledged_minor=verdict.pledged_minor)
    tell_creator(campaign, "own_campaign_funded", pledged_minor=verdict.pledged_minor)


def _let_go(campaign: Campaign, verdict: Verdict) -> None:
    advance(campaign, CampaignState.UNFUNDED, CAMPAIGN_MOVES, actor=None)
    release_all(campaign, by=None)
    tell_backers(campaign, "campaign_unfunded", pledged_minor=verdict.pledged_minor)
    tell_creator(campaign, "own_campaign_unfunded", pledged_minor=verdict.pledged_minor)
