"""A backer's own acts: promise, change, take back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.people.models import User
from civicfund.pledges.enums import CHANGEABLE_PLEDGE, PLEDGE_MOVES, STARTED_PLEDGE, PledgeState
from civicfund.pledges.models import Campaign, Pledge, Reward, ShippingZone
from civicfund.pledges.services.choosing import (
    Choice,
    check_choice,
    check_consent,
    free_choice,
    write_choice,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.letters import tell_backer
from civicfund.pledges.services.locks import (
    FORGET_AFTER,
    campaign_keeping_pledges,
    campaign_taking_pledges,
    pledge_alone,
)


def pledge(
    campaign: Campaign,
    *,
    backer: User,
    amount_minor: int,
    reward: Reward | None = None,
    add_ons: Mapping[Reward, int] | None = None,
    zone: ShippingZone | None = None,
    consent_version: str,
    show_name: bool = False,
) -> Pledge:
    """Promise an amount, under the words of ``consent_version``; a card has still to be saved.

    The amount is all that is charged: reward, add-ons (how many of each), sending, any bonus.
    Whoever started and gave no card yet goes on with the same pledge and the new choice. Places
    of limited rewards are kept until ``checkout_ends_at``. Raises ``RefusedError``.
    """
    choice = Choice(amount_minor, reward, add_ons or {}, zone, show_name)
    try:
        return _pledge(campaign.pk, backer, choice, consent_version)
    except IntegrityError as error:
        if "pledge_one_per_backer" not in str(error):
            raise
        # The same person, in the same instant, in another window: go on with that pledge.
        return _pledge(campaign.pk, backer, choice, consent_version)


@transaction.atomic
def _pledge(campaign_id: int, backer: User, choice: Choice, consent_version: str) -> Pledge:
    campaign = campaign_taking_pledges(campaign_id)
    check_choice(campaign, choice)
    check_consent(consent_version)
    mine = Pledge.objects.select_for_update().filter(campaign=campaign, backer=backer)
    found = mine.exclude(state=PledgeState.CANCELLED).first()
    if found is not None and found.state not in STARTED_PLEDGE:
        raise RefusedError(_("You have already pledged to this campaign. You can change it."))
    row = found or Pledge(campaign=campaign, backer=backer, currency=campaign.currency)
    row.checkout_ends_at = db_now() + timedelta(seconds=settings.CHECKOUT_SECONDS)
    row.next_step_at = row.checkout_ends_at
    write_choice(row, choice)
    _record("pledge.chosen", row, backer)
    return row


def change_pledge(
    pledge: Pledge,
    *,
    by: User,
    amount_minor: int,
    reward: Reward | None = None,
    add_ons: Mapping[Reward, int] | None = None,
    zone: ShippingZone | None = None,
    consent_version: str,
    show_name: bool = False,
) -> Pledge:
    """Promise something else instead, until the deadline, under a new consent."""
    choice = Choice(amount_minor, reward, add_ons or {}, zone, show_name)
    with transaction.atomic():
        campaign = campaign_taking_pledges(pledge.campaign_id)
        row = pledge_alone(pledge.pk)
        _check_own(row, by)
        check_choice(campaign, choice)
        check_consent(consent_version)
        consent = write_choice(row, choice)
        _record("pledge.changed", row, by)
        if row.state == PledgeState.ACTIVE:
            tell_backer(row, "pledge_changed", consent)
    return row


def _record(verb: str, row: Pledge, by: User) -> None:
    record(
        verb, row, actor=by,
        amount_minor=row.amount_minor, reward=row.reward_id, shipping_minor=row.shipping_minor,
    )  # fmt: skip


def cancel_pledge(pledge: Pledge, *, by: User) -> Pledge:
    """Take a promise back before the deadline: nothing is charged, a reward is free again."""
    with transaction.atomic():
        campaign_keeping_pledges(pledge.campaign_id)
        row = pledge_alone(pledge.pk)
        _check_own(row, by)
        return give_up(row, actor=by)


def give_up(pledge: Pledge, *, actor: User | None) -> Pledge:
    """Cancel and free the reward's place. The caller holds the campaign's and the pledge's lock."""
    forget_at = db_now() + FORGET_AFTER
    advance(pledge, PledgeState.CANCELLED, PLEDGE_MOVES, actor=actor, next_step_at=forget_at)
    free_choice(pledge)
    return pledge


def _check_own(pledge: Pledge, by: User) -> None:
    if pledge.backer_id != by.pk:
        raise RefusedError(_("This is somebody else's pledge."))
    if pledge.state not in CHANGEABLE_PLEDGE:
        raise RefusedError(_("This pledge can no longer be changed."))
