"""The forms in which somebody backs a campaign or writes one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from civicfund.pledges.domain import CONSENT_VERSION, end_of_day, last_day, start_of_day
from civicfund.pledges.enums import ReportReason, ShortPolicy
from civicfund.pledges.models import Campaign, Pledge, Reward
from civicfund.pledges.services.campaigns import RewardTerms
from civicfund.projects.forms import MoneyField
from civicfund.templatetags.money import money

MOST_REWARDS = 10
EMPTY_REWARDS_OFFERED = 2


class RewardField(forms.ModelChoiceField[Reward]):
    """A choice of the campaign's rewards, or none."""

    def label_from_instance(self, reward: Reward) -> str:
        """What it is, from how much on, and how many are left."""
        words = f"{reward.title} ({gettext('from')} {money(reward.amount_minor)})"
        if reward.left is None:
            return words
        if reward.sold_out:
            return f"{words}, {gettext('all taken')}"
        return f"{words}, {gettext('%(left)s left') % {'left': reward.left}}"


class PledgeForm(forms.Form):
    """An amount, a reward, and the consent to be charged later."""

    amount = MoneyField(label=_("How much do you pledge?"))
    reward = RewardField(
        label=_("Reward"),
        queryset=Reward.objects.none(),
        required=False,
        blank=True,
        empty_label=_("No reward, just help"),
        widget=forms.RadioSelect,
    )
    show_name = forms.BooleanField(label=_("Show my name among the backers"), required=False)
    consent = forms.BooleanField(label=_("I agree to be charged as described above"))
    consent_version = forms.CharField(widget=forms.HiddenInput, initial=CONSENT_VERSION)

    def __init__(self, campaign: Campaign, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rewards: Any = self.fields["reward"]
        rewards.queryset = campaign.rewards.all()
        self.fields["amount"].help_text = gettext("Between %(least)s and %(most)s.") % {
            "least": money(settings.PLEDGE_LEAST_MINOR),
            "most": money(settings.PLEDGE_CEILING_MINOR),
        }

    @staticmethod
    def initial_of(pledge: Pledge) -> dict[str, Any]:
        """What a change starts from."""
        return {
            "amount": pledge.amount_minor,
            "reward": pledge.reward_id,
            "show_name": pledge.show_name,
        }

    def choice(self) -> dict[str, Any]:
        """What was chosen, in the services' words."""
        data = self.cleaned_data
        return {
            "amount_minor": data["amount"],
            "reward": data["reward"],
            "show_name": data["show_name"],
            "consent_version": data["consent_version"],
        }


class CampaignForm(forms.Form):
    """What a campaign asks for, and until when."""

    goal = MoneyField(
        label=_("Goal"), help_text=_("Nobody is charged unless this much is pledged.")
    )
    deadline_at = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Pledges are taken until the end of this day."),
    )
    starts_at = forms.DateField(
        label=_("First day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave it empty to start as soon as it is approved."),
    )

    short_policy = forms.ChoiceField(
        label=_("If some cards fail in the end"),
        choices=ShortPolicy.choices,
        initial=ShortPolicy.PAY_ANYWAY,
        required=False,
        widget=forms.RadioSelect,
        help_text=_("Backers see this before they pledge. It can no longer change after that."),
    )
    floor_percent = forms.IntegerField(
        label=_("Share that has to be collected"),
        required=False,
        min_value=1,
        max_value=100,
        help_text=_("Only where everyone is to get their money back below it. In percent."),
    )

    def clean(self) -> dict[str, Any]:
        """A share where the policy needs one, and none where it does not."""
        data = self.cleaned_data
        data["short_policy"] = data.get("short_policy") or ShortPolicy.PAY_ANYWAY
        if data["short_policy"] != ShortPolicy.FLOOR:
            data["floor_percent"] = None
        elif data.get("floor_percent") is None and "floor_percent" not in self.errors:
            self.add_error("floor_percent", _("Say which share, from 1 to 100 percent."))
        return data

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        """What an edit starts from."""
        starts = campaign.starts_at
        return {
            "goal": campaign.goal_minor,
            "deadline_at": last_day(campaign.deadline_at, campaign.deadline_tz),
            "starts_at": timezone.localtime(starts).date() if starts else None,
            "short_policy": campaign.short_policy,
            "floor_percent": campaign.floor_percent,
        }

    def terms(self) -> dict[str, Any]:
        """What was written, in the services' words."""
        data, zone = self.cleaned_data, settings.TIME_ZONE
        starts = data["starts_at"]
        return {
            "goal_minor": data["goal"],
            "deadline_at": end_of_day(data["deadline_at"], zone),
            "deadline_tz": zone,
            "starts_at": start_of_day(starts, zone) if starts else None,
            "floor_percent": data["floor_percent"],
        }


class RewardForm(forms.Form):
    """One reward; a title left empty leaves it out."""

    title = forms.CharField(label=_("What backers get"), required=False, max_length=80)
    amount = MoneyField(label=_("For at least"), required=False)
    limit = forms.IntegerField(
        label=_("How many there are"), required=False, min_value=1, max_value=100_000
    )
    description = forms.CharField(label=_("More about it"), required=False, max_length=400)

    def clean(self) -> dict[str, Any]:
        """A reward needs a title and an amount, or neither."""
        data = self.cleaned_data
        if data.get("title") and data.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Say from how much on this is given."))
        if data.get("amount") is not None and not data.get("title"):
            self.add_error("title", _("Say what is given for this amount."))
        return data

    def terms(self) -> RewardTerms | None:
        """The reward, where there is one."""
        data = self.cleaned_data
        if not data.get("title"):
            return None
        return RewardTerms(data["title"], data["amount"], data["description"], data["limit"])


Rewards = forms.formset_factory(
    RewardForm,
    extra=EMPTY_REWARDS_OFFERED,
    max_num=MOST_REWARDS,
    absolute_max=MOST_REWARDS * 2,
    validate_max=True,
)


def rewards_of(formset: forms.BaseFormSet[RewardForm]) -> list[RewardTerms]:
    """The rewards that say something, in order."""
    return [terms for form in formset.forms if (terms := form.terms())]


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
