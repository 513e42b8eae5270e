"""A backer's own acts: promise, change, take back."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.people.models import User
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CHANGEABLE_PLEDGE, PLEDGE_MOVES, STARTED_PLEDGE, PledgeState
from civicfund.pledges.models import Campaign, Consent, Pledge, Reward
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.letters import tell_backer
from civicfund.pledges.services.locks import (
    FORGET_AFTER,
    campaign_keeping_pledges,
    campaign_taking_pledges,
    pledge_alone,
)
from civicfund.templatetags.money import money


def pledge(
    campaign: Campaign,
    *,
    backer: User,
    amount_minor: int,
    reward: Reward | None = None,
    consent_version: str,
    show_name: bool = False,
) -> Pledge:
    """Promise an amount, under the words of ``consent_version``; a card has still to be saved.

    Whoever started and gave no card yet goes on with the same pledge and the new choice. A place
    of a limited reward is kept until ``checkout_ends_at``. Raises ``RefusedError``.
    """
    arguments = (campaign.pk, backer, amount_minor, reward, consent_version, show_name)
    try:
        return _pledge(*arguments)
    except IntegrityError as error:
        if "pledge_one_per_backer" not in str(error):
            raise
        # The same person, in the same instant, in another window: go on with that pledge.
        return _pledge(*arguments)


@transaction.atomic
def _pledge(
    campaign_id: int,
    backer: User,
    amount_minor: int,
    reward: Reward | None,
    consent_version: str,
    show_name: bool,
) -> Pledge:
    campaign = campaign_taking_pledges(campaign_id)
    _check_choice(campaign, amount_minor, reward, consent_version)
    mine = Pledge.objects.select_for_update().filter(campaign=campaign, backer=backer)
    found = mine.exclude(state=PledgeState.CANCELLED).first()
    if found is not None and found.state not in STARTED_PLEDGE:
        raise RefusedError(_("You have already pledged to this campaign. You can change it."))
    row = found or Pledge(campaign=campaign, backer=backer, currency=campaign.currency)
    row.checkout_ends_at = db_now() + timedelta(seconds=settings.CHECKOUT_SECONDS)
    row.next_step_at = row.checkout_ends_at
    _choose(row, amount_minor, reward, show_name)
    record("pledge.chosen", row, actor=backer, amount_minor=amount_minor, reward=row.reward_id)
    return row


def change_pledge(
    pledge: Pledge,
    *,
    by: User,
    amount_minor: int,
    reward: Reward | None = None,
    consent_version: str,
    show_name: bool = False,
) -> Pledge:
    """Promise another amount or reward instead, until the deadline, under a new consent."""
    with transaction.atomic():
        campaign = campaign_taking_pledges(pledge.campaign_id)
        row = pledge_alone(pledge.pk)
        _check_own(row, by)
        _check_choice(campaign, amount_minor, reward, consent_version)
        consent = _choose(row, amount_minor, reward, show_name)
        record("pledge.changed", row, actor=by, amount_minor=amount_minor, reward=row.reward_id)
        if row.state == PledgeState.ACTIVE:
            tell_backer(row, "pledge_changed", consent)
    return row


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
    _free(pledge.reward)
    return pledge


def _check_own(pledge: Pledge, by: User) -> None:
    if pledge.backer_id != by.pk:
        raise RefusedError(_("This is somebody else's pledge."))
    if pledge.state not in CHANGEABLE_PLEDGE:
        raise RefusedError(_("This pledge can no longer be changed."))


def _check_choice(
    campaign: Campaign, amount_minor: int, reward: Reward | None, consent_version: str
) -> None:
    least, most = settings.PLEDGE_LEAST_MINOR, settings.PLEDGE_CEILING_MINOR
    if not least <= amount_minor <= most:
        raise RefusedError(
            _("Pledge an amount between %(least)s and %(most)s.")
            % {"least": money(least), "most": money(most)},
            field="amount",
        )
    if reward is not None and reward.campaign_id != campaign.pk:
        raise RefusedError(_("This reward belongs to another campaign."), field="reward")
    if reward is not None and amount_minor < reward.amount_minor:
        raise RefusedError(
            _("“%(reward)s” is for pledges of at least %(amount)s.")
            % {"reward": reward.title, "amount": money(reward.amount_minor)},
            field="amount",
        )
    if consent_version != CONSENT_VERSION:
        raise RefusedError(
            _("The words you agree to have changed. Please read them again."), field="consent"
        )


def _choose(row: Pledge, amount_minor: int, reward: Reward | None, show_name: bool) -> Consent:
    """Write the choice and the consent to it. The caller holds the pledge's lock."""
    before = row.reward
    if (before and before.pk) != (reward and reward.pk):
        _lock_rewards(before, reward)
        _free(before)
        _claim(reward)
    row.amount_minor, row.reward, row.show_name = amount_minor, reward, show_name
    row.save()
    return Consent.objects.create(
        pledge=row, text_version=CONSENT_VERSION, amount_minor=amount_minor
    )


def _lock_rewards(*rewards: Reward | None) -> None:
    """In pk order, so that two backers who swap rewards do not wait for each other for ever."""
    pks = [reward.pk for reward in rewards if reward is not None and reward.limit is not None]
    list(Reward.objects.filter(pk__in=pks).order_by("pk").select_for_update())


def _claim(reward: Reward | None) -> None:
    """Take one place of a limited reward; the check and the count are one statement."""
    if reward is None or reward.limit is None:
        return
    left = Reward.objects.filter(pk=reward.pk, claimed__lt=F("limit"))
    if not left.update(claimed=F("claimed") + 1):
        raise RefusedError(
            _("The last “%(reward)s” has just been taken.") % {"reward": reward.title},
            field="reward",
        )


def _free(reward: Reward | None) -> None:
    if reward is not None and reward.limit is not None:
        Reward.objects.filter(pk=reward.pk).update(claimed=F("claimed") - 1)


def free_reward(pledge: Pledge) -> None:
    """Give a pledge's place of a limited reward back. The caller holds the pledge's lock."""
    _free(pledge.reward)
