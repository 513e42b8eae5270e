"""What is given for pledges, added while people pledge."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now, record
from civicfund.people.models import User
from civicfund.pledges.enums import CampaignState, Handover
from civicfund.pledges.models import Campaign, Reward
from civicfund.pledges.services.campaigns import check_creator, check_not_silent
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.locks import campaign_to_move
from civicfund.pledges.services.terms import MOST_REWARDS, RewardTerms, check_reward, reward_at


def add_reward(campaign: Campaign, terms: RewardTerms, *, by: User) -> Reward:
    """Offer one thing more to whoever pledges, or changes a pledge, from now on; what is there
    stays as it is, and so does this. Raises ``RefusedError``.
    """
    with transaction.atomic():
        held = campaign_to_move(campaign.pk)  # so that two at once have two places
        check_may_add(held, by)
        check_reward(terms, field="amount")
        if terms.handover == Handover.SHIPPING and not held.shipping_zones.exists():
            words = _("This campaign sends nothing: it says no places and prices for that.")
            raise RefusedError(words, field="handover")
        _check_is_new(held, terms)
        last = held.rewards.order_by("-position").first()
        row = reward_at(last.position + 1 if last else 1, held, terms)
        row.save()
        record(
            "campaign.reward_added", held, actor=by, reward=row.pk, amount_minor=row.amount_minor
        )
    return row


def check_may_add(campaign: Campaign, by: User) -> None:
    """Raise ``RefusedError`` for whoever does not run it, while it takes no pledges, and where it
    has as many rewards as there can be.
    """
    check_creator(campaign, by)
    if campaign.state != CampaignState.LIVE or db_now() >= campaign.deadline_at:
        raise RefusedError(_("A reward is added only while the campaign takes pledges."))
    check_not_silent(by)
    if campaign.rewards.count() >= MOST_REWARDS:
        raise RefusedError(_("No more than %(most)s rewards, please.") % {"most": MOST_REWARDS})


def _check_is_new(campaign: Campaign, terms: RewardTerms) -> None:
    """Raise ``RefusedError`` for what is offered already: a form that was sent twice would add it
    twice, and both would stay.
    """
    same = campaign.rewards.filter(
        kind=terms.kind,
        title=terms.title,
        description=terms.description,
        amount_minor=terms.amount_minor,
        handover=terms.handover,
    )
    if same.exists():
        raise RefusedError(_("This is offered already, in the same words."), field="title")
