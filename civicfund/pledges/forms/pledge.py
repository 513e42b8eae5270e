"""The forms in which somebody backs a campaign, or reports it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import ReportReason
from civicfund.pledges.models import Campaign, Pledge, Reward, ShippingZone
from civicfund.pledges.services.choosing import MOST_OF_ONE, Choice, choice_of
from civicfund.projects.forms import MoneyField
from civicfund.templatetags.money import money

ADD_ON = "add_on_"


class RewardChoice(forms.RadioSelect):
    """What is all taken is shown, and can be chosen by nobody but whoever has it."""

    has: object = None

    def create_option(
        self, name: str, value: Any, label: int | str, selected: bool, *given: Any, **more: Any
    ) -> dict[str, Any]:
        """As in Django, and not to be pressed where none is left."""
        option = super().create_option(name, value, label, selected, *given, **more)
        reward = getattr(value, "instance", None)
        if reward is not None and reward.sold_out and not selected and reward.pk != self.has:
            option["attrs"]["disabled"] = True
        return option


class RewardField(forms.ModelChoiceField[Reward]):
    """A choice of the campaign's rewards, or none."""

    def label_from_instance(self, reward: Reward) -> str:
        """What it is, from how much on, and how many are left."""
        words = f"{reward.title} ({gettext('from')} {money(reward.amount_minor)})"
        return words + _left(reward)


class ZoneField(forms.ModelChoiceField[ShippingZone]):
    """A choice of where things are sent to."""

    def label_from_instance(self, zone: ShippingZone) -> str:
        """Where to, and what it costs."""
        price = money(zone.amount_minor) if zone.amount_minor else gettext("free")
        return f"{zone.name} ({price})"


def _left(reward: Reward) -> str:
    if reward.left is None:
        return ""
    if reward.sold_out:
        return f", {gettext('all taken')}"
    return ", " + gettext("%(left)s left") % {"left": reward.left}


class PledgeForm(forms.Form):
    """An amount, a reward, add-ons, where to, and at last the consent to be charged later.

    A guest, who is not signed in, gives an address as well.
    """

    guest_email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("You get a link there, by which you see, change or take back your pledge."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    guest_name = forms.CharField(
        label=_("Your name"),
        required=False,
        max_length=80,
        help_text=_("For the project's people; others see it only if you say so below."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    amount = MoneyField(label=_("How much do you pledge?"))
    reward = RewardField(
        label=_("Reward"),
        queryset=Reward.objects.none(),
        required=False,
        blank=True,
        empty_label=_("No reward, just help"),
        widget=RewardChoice,
    )
    zone = ZoneField(
        label=_("Sent to"),
        queryset=ShippingZone.objects.none(),
        required=False,
        blank=True,
        empty_label=_("Nothing has to be sent"),
        widget=forms.RadioSelect,
        help_text=_("Where something you chose goes by post. Paid once, whatever is sent."),
    )
    show_name = forms.BooleanField(label=_("Show my name among the backers"), required=False)
    consent = forms.BooleanField(
        label=_("I agree to be charged as described above"), required=False
    )
    consent_version = forms.CharField(
        widget=forms.HiddenInput, initial=CONSENT_VERSION, required=False
    )

    def __init__(
        self,
        campaign: Campaign,
        *args: Any,
        is_guest: bool = False,
        mine: Pledge | None = None,
        **options: Any,
    ) -> None:
        """``mine`` is the pledge that is to be changed, where there is one."""
        super().__init__(*args, **options)
        self.is_guest = is_guest
        if not is_guest:
            del self.fields["guest_email"], self.fields["guest_name"]
        offered = list(campaign.rewards.all())
        self.add_ons = {each.pk: each for each in offered if each.is_add_on}
        rewards: Any = self.fields["reward"]
        rewards.queryset = campaign.rewards.filter(kind="reward")
        rewards.widget.has = mine.reward_id if mine else None
        zones: Any = self.fields["zone"]
        zones.queryset = campaign.shipping_zones.all()
        self.sends = any(each.is_sent for each in offered)
        for add_on in self.add_ons.values():
            self.fields[f"{ADD_ON}{add_on.pk}"] = _how_many(add_on)
        self.fields["amount"].help_text = self._amount_words()

    def _amount_words(self) -> str:
        words = gettext("Between %(least)s and %(most)s.") % {
            "least": money(settings.PLEDGE_LEAST_MINOR),
            "most": money(settings.PLEDGE_CEILING_MINOR),
        }
        if self.add_ons or self.sends:
            return f"{words} {gettext('Add-ons and sending come on top.')}"
        return words

    @property
    def add_on_fields(self) -> list[forms.BoundField]:
        """How many of each add-on, in their order."""
        return [self[f"{ADD_ON}{pk}"] for pk in self.add_ons]

    @staticmethod
    def initial_of(pledge: Pledge) -> dict[str, Any]:
        """What a change starts from."""
        choice = choice_of(pledge)
        return {
            "amount": choice.amount_minor - choice.add_ons_minor - choice.shipping_minor,
            "reward": pledge.reward_id,
            "zone": pledge.shipping_zone_id,
            "show_name": pledge.show_name,
            **{f"{ADD_ON}{each.pk}": number for each, number in choice.add_ons.items()},
        }

    def choice(self) -> Choice:
        """What was chosen: the amount that was typed, and on top of it add-ons and sending."""
        data = self.cleaned_data
        wanted = {each: data.get(f"{ADD_ON}{pk}") or 0 for pk, each in self.add_ons.items()}
        chosen = Choice(
            data["amount"],
            data["reward"],
            {each: number for each, number in wanted.items() if number},
            data["zone"],
            data["show_name"],
        )
        total = chosen.amount_minor + chosen.add_ons_minor + chosen.shipping_minor
        return Choice(total, chosen.reward, chosen.add_ons, chosen.zone, chosen.show_name)

    def sent_again(self) -> list[tuple[str, str]]:
        """Every value as it was sent but the consent, for the page that asks for that."""
        left_out = {"consent", "consent_version"}
        return [
            (name, value)
            for name in self.fields
            if name not in left_out and (value := self.data.get(self.add_prefix(name)))
        ]


def _how_many(add_on: Reward) -> forms.IntegerField:
    return forms.IntegerField(
        label=f"{add_on.title} ({money(add_on.amount_minor)}){_left(add_on)}",
        help_text=add_on.description,
        required=False,
        min_value=0,
        max_value=MOST_OF_ONE,
    )


class ReportForm(forms.Form):
    """What is wrong with a campaign."""

    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=ReportReason.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("More about it"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class ReasonForm(forms.Form):
    """Why staff do something to a campaign."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class AppealForm(forms.Form):
    """Why its creator thinks that a suspended campaign should go on."""

    words = forms.CharField(
        label=_("Why should it go on?"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Moderators read this, nobody else."),
    )
