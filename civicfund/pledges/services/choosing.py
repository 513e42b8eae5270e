"""What a backer chooses: an amount, one reward, add-ons by the piece, and where they are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.models import (
    Campaign,
    ChosenAddOn,
    Consent,
    Pledge,
    Reward,
    ShippingZone,
)
from civicfund.pledges.services.errors import RefusedError
from civicfund.templatetags.money import money

MOST_OF_ONE = 10


@dataclass(frozen=True)
class Choice:
    """What is wanted. ``amount_minor`` is all of it: reward, add-ons, sending, and any bonus."""

    amount_minor: int
    reward: Reward | None = None
    add_ons: Mapping[Reward, int] = field(default_factory=dict)
    zone: ShippingZone | None = None
    show_name: bool = False

    @property
    def is_sent(self) -> bool:
        """Whether anything of it goes by post."""
        return any(each.is_sent for each in (*self.add_ons, *filter(None, [self.reward])))

    @property
    def shipping_minor(self) -> int:
        """What sending costs: once, whatever is sent."""
        return self.zone.amount_minor if self.zone is not None and self.is_sent else 0

    @property
    def add_ons_minor(self) -> int:
        """What the add-ons cost together."""
        return sum(each.amount_minor * number for each, number in self.add_ons.items())

    @property
    def least_minor(self) -> int:
        """What the choice costs; the rest of the amount is a bonus."""
        reward = self.reward.amount_minor if self.reward is not None else 0
        return reward + self.add_ons_minor + self.shipping_minor


def choice_of(pledge: Pledge) -> Choice:
    """What a pledge has chosen so far."""
    return Choice(
        pledge.amount_minor,
        pledge.reward,
        {each.add_on: each.quantity for each in pledge.add_ons.select_related("add_on")},
        pledge.shipping_zone,
        pledge.show_name,
    )


def check_choice(campaign: Campaign, choice: Choice) -> None:
    """Raise ``RefusedError``, with the field at fault, for a choice that cannot be promised."""
    least, most = settings.PLEDGE_LEAST_MINOR, settings.PLEDGE_CEILING_MINOR
    if not least <= choice.amount_minor <= most:
        raise RefusedError(
            _("Pledge an amount between %(least)s and %(most)s.")
            % {"least": money(least), "most": money(most)},
            field="amount",
        )
    _check_rewards(campaign, choice)
    _check_zone(campaign, choice)
    if choice.amount_minor < choice.least_minor:
        raise RefusedError(_too_little(choice), field="amount")


def _check_rewards(campaign: Campaign, choice: Choice) -> None:
    for reward, is_add_on in [(choice.reward, False), *((each, True) for each in choice.add_ons)]:
        if reward is None:
            continue
        where = "add_ons" if is_add_on else "reward"
        if reward.campaign_id != campaign.pk:
            raise RefusedError(_("This reward belongs to another campaign."), field=where)
        if reward.is_add_on != is_add_on:
            raise RefusedError(_("Choose one reward, and add-ons by the piece."), field=where)
    if any(not 1 <= number <= MOST_OF_ONE for number in choice.add_ons.values()):
        raise RefusedError(
            _("Choose from 1 to %(most)s pieces of an add-on.") % {"most": MOST_OF_ONE},
            field="add_ons",
        )


def _check_zone(campaign: Campaign, choice: Choice) -> None:
    if choice.is_sent and choice.zone is None:
        raise RefusedError(_("Say where it is to be sent."), field="zone")
    if choice.zone is not None and choice.zone.campaign_id != campaign.pk:
        raise RefusedError(_("This campaign does not send there."), field="zone")


def _too_little(choice: Choice) -> str:
    if choice.reward is not None and choice.least_minor == choice.reward.amount_minor:
        return _("“%(reward)s” is for pledges of at least %(amount)s.") % {
            "reward": choice.reward.title,
            "amount": money(choice.reward.amount_minor),
        }
    return _("What you chose comes to %(amount)s.") % {"amount": money(choice.least_minor)}


def check_consent(version: str) -> None:
    """Raise ``RefusedError`` where a backer agreed to other words than those in force."""
    if version != CONSENT_VERSION:
        raise RefusedError(
            _("The words you agree to have changed. Please read them again."), field="consent"
        )


def write_choice(row: Pledge, choice: Choice) -> Consent:
    """Write the choice and the consent to it. The caller holds the pledge's lock.

    Raises ``RefusedError`` where the last of something has just been taken.
    """
    before = _taken_by(row) if not row._state.adding else Counter()
    wanted = Counter({reward.pk: number for reward, number in choice.add_ons.items()})
    if choice.reward is not None:
        wanted[choice.reward.pk] += 1
    _exchange(before, wanted)
    row.amount_minor, row.reward, row.show_name = (
        choice.amount_minor, choice.reward, choice.show_name,
    )  # fmt: skip
    row.shipping_minor = choice.shipping_minor
    row.shipping_zone = choice.zone if choice.is_sent else None
    row.save()
    _write_add_ons(row, choice)
    return Consent.objects.create(
        pledge=row, text_version=CONSENT_VERSION, amount_minor=choice.amount_minor
    )


def _write_add_ons(row: Pledge, choice: Choice) -> None:
    row.add_ons.all().delete()
    ChosenAddOn.objects.bulk_create(
        ChosenAddOn(pledge=row, add_on=add_on, quantity=number, price_minor=add_on.amount_minor)
        for add_on, number in choice.add_ons.items()
    )


def free_choice(pledge: Pledge) -> None:
    """Give what a pledge took of limited things back. The caller holds the pledge's lock."""
    _exchange(_taken_by(pledge), Counter())


def _taken_by(pledge: Pledge) -> Counter[int]:
    taken = Counter(dict(pledge.add_ons.values_list("add_on_id", "quantity")))
    if pledge.reward_id is not None:
        taken[pledge.reward_id] += 1
    return taken


def _exchange(before: Counter[int], wanted: Counter[int]) -> None:
    """Give back what is wanted no more, and take the rest: each check and count one statement.

    In pk order, so that two backers who swap rewards do not wait for each other for ever.
    """
    changed = {pk for pk in before | wanted if before[pk] != wanted[pk]}
    limited = Reward.objects.filter(pk__in=changed, limit__isnull=False).order_by("pk")
    for reward in list(limited.select_for_update()) if changed else []:
        more = wanted[reward.pk] - before[reward.pk]
        left = Reward.objects.filter(pk=reward.pk, claimed__lte=F("limit") - more)
        if not left.update(claimed=F("claimed") + more):
            raise RefusedError(
                _("The last “%(reward)s” has just been taken.") % {"reward": reward.title},
                field="add_ons" if reward.is_add_on else "reward",
            )
