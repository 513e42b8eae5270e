"""The forms in which a creator writes a campaign: its terms, its goal, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from civicfund.fields import DayField
from civicfund.pledges.domain import end_of_day, last_day, start_of_day
from civicfund.pledges.enums import Handover, RewardKind, RunBy, ShortPolicy
from civicfund.pledges.models import Campaign, LeadPicture
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.terms import (
    MOST_REWARDS,
    GivenTerms,
    RewardTerms,
    SomeTerms,
    ZoneTerms,
)
from civicfund.projects.forms import CostLineForm, CostLines, MoneyField, costs_of
from civicfund.projects.models import Project, ProjectFile

MOST_ZONES = 10
EMPTY_REWARDS_OFFERED = 2
EMPTY_ZONES_OFFERED = 2
USUAL_LENGTH = timedelta(days=30)


class CampaignForm(forms.Form):
    """What a campaign asks for, and until when."""

    goal = MoneyField(
        label=_("Goal"), help_text=_("Nobody is charged unless this much is pledged.")
    )
    optimum = MoneyField(
        label=_("Optimum"),
        required=False,
        help_text=_("With this much it would be all you hope for. The goal alone decides."),
    )
    deadline_at = DayField(
        label=_("Last day"),
        help_text=_("Pledges are taken until the end of this day."),
    )
    starts_at = DayField(
        label=_("First day"),
        required=False,
        help_text=_("Leave it empty to start as soon as it is approved."),
    )

    run_by = forms.ChoiceField(
        label=_("Who runs the project in the end"),
        choices=[
            (RunBy.PROPOSER, _("I do: what is collected is transferred to my account")),
            (RunBy.TOWN, _("The town does: it keeps what is collected for the project")),
        ],
        initial=RunBy.PROPOSER,
        required=False,
        widget=forms.RadioSelect,
        help_text=_(
            "If you do, the campaign starts once you have an account that can be paid, and a "
            "treasurer has approved it."
        ),
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

    lead = forms.ModelChoiceField(
        label=_("Picture in front"),
        queryset=ProjectFile.objects.none(),
        required=False,
        blank=True,
        empty_label=_("The first one"),
        widget=forms.RadioSelect,
        help_text=_("It stands above all else, and where campaigns are listed."),
        error_messages={
            "invalid_choice": _("This picture is not there any more. Choose another one.")
        },
    )

    def __init__(self, *given: Any, project: Project, **named: Any) -> None:
        super().__init__(*given, **named)
        pictures = project.files.pictures()
        if len(pictures) > 1:
            cast(forms.ModelChoiceField[ProjectFile], self.fields["lead"]).queryset = pictures
        else:
            del self.fields["lead"]  # nothing to choose

    def clean(self) -> dict[str, Any]:
        """A share where the policy needs one, and none where it does not."""
        data = self.cleaned_data
        data["run_by"] = data.get("run_by") or RunBy.PROPOSER
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
            "optimum": campaign.optimum_minor,
            "deadline_at": last_day(campaign.deadline_at, campaign.deadline_tz),
            "starts_at": timezone.localtime(starts).date() if starts else None,
            "run_by": campaign.run_by,
            "short_policy": campaign.short_policy,
            "floor_percent": campaign.floor_percent,
            "lead": LeadPicture.objects.filter(
                campaign=campaign, file__in=ProjectFile.objects.shown()
            )
            .values_list("file", flat=True)
            .first(),
        }

    def terms(self) -> GivenTerms:
        """What was written, in the services' words."""
        data, zone = self.cleaned_data, settings.TIME_ZONE
        starts = data["starts_at"]
        terms: GivenTerms = {
            "goal_minor": data["goal"],
            "optimum_minor": data["optimum"],
            "deadline_at": end_of_day(data["deadline_at"], zone),
            "deadline_tz": zone,
            "starts_at": start_of_day(starts, zone) if starts else None,
            "run_by": RunBy(data["run_by"]),
            "floor_percent": data["floor_percent"],
        }
        if "lead" in self.fields:
            terms["lead"] = data["lead"].pk if data["lead"] else None
        return terms


class RewardForm(forms.Form):
    """One reward or add-on; a title left empty leaves it out."""

    title = forms.CharField(label=_("What backers get"), required=False, max_length=80)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=RewardKind.choices,
        required=False,
        initial=RewardKind.REWARD,
        help_text=_("Backers choose one reward, and add-ons by the piece on top."),
    )
    amount = MoneyField(label=_("For at least, or the price of one"), required=False)
    limit = forms.IntegerField(
        label=_("How many there are"), required=False, min_value=1, max_value=100_000
    )
    delivered_from = DayField(
        label=_("Estimated delivery"),
        required=False,
        help_text=_("Its month is shown."),
    )
    handover = forms.ChoiceField(
        label=_("How it is handed over"),
        choices=Handover.choices,
        required=False,
        initial=Handover.NONE,
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
        return RewardTerms(
            data["title"],
            data["amount"],
            data["description"],
            data["limit"],
            RewardKind(data["kind"] or RewardKind.REWARD),
            data["delivered_from"],
            Handover(data["handover"] or Handover.NONE),
        )


class AddedRewardForm(RewardForm):
    """One that is added to a live campaign."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for name in ("title", "amount"):
            self.fields[name].required = True


class ZoneForm(forms.Form):
    """One place that rewards are sent to; a name left empty leaves it out."""

    name = forms.CharField(label=_("Where to"), required=False, max_length=80)
    amount = MoneyField(label=_("Price"), required=False)

    def clean(self) -> dict[str, Any]:
        """A price is for some place."""
        if self.cleaned_data.get("amount") is not None and not self.cleaned_data.get("name"):
            self.add_error("name", _("Say where to it is sent for this price."))
        return self.cleaned_data

    def terms(self) -> ZoneTerms | None:
        """The zone, where there is one."""
        if not self.cleaned_data.get("name"):
            return None
        return ZoneTerms(self.cleaned_data["name"], self.cleaned_data["amount"] or 0)


Rewards = forms.formset_factory(
    RewardForm,
    extra=EMPTY_REWARDS_OFFERED,
    max_num=MOST_REWARDS,
    absolute_max=MOST_REWARDS * 2,
    validate_max=True,
)
Zones = forms.formset_factory(
    ZoneForm,
    extra=EMPTY_ZONES_OFFERED,
    max_num=MOST_ZONES,
    absolute_max=MOST_ZONES * 2,
    validate_max=True,
)


@dataclass(frozen=True)
class CampaignForms:
    """All that a creator writes of a campaign, on one page."""

    form: CampaignForm
    lines: forms.BaseFormSet[CostLineForm]
    rewards: forms.BaseFormSet[RewardForm]
    zones: forms.BaseFormSet[ZoneForm]

    @classmethod
    def filled_in(cls, data: MultiValueDict[str, str], project: Project) -> CampaignForms:
        """As it was sent."""
        return cls(
            CampaignForm(data, project=project),
            CostLines(data, prefix="lines"),
            Rewards(data, prefix="rewards"),
            Zones(data, prefix="zones"),
        )

    @classmethod
    def empty_for(cls, project: Project) -> CampaignForms:
        """A first draft: what the project costs is what the goal pays for, within a month, so that
        it can be kept before much is decided."""
        costs = list(project.cost_lines.all())
        lines = [{"label": line.label, "amount": line.amount_minor} for line in costs]
        goal = sum(line.amount_minor for line in costs) or None
        return cls(
            CampaignForm(
                initial={"goal": goal, "deadline_at": timezone.localdate() + USUAL_LENGTH},
                project=project,
            ),
            CostLines(initial=lines, prefix="lines"),
            Rewards(prefix="rewards"),
            Zones(prefix="zones"),
        )

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignForms:
        """What an edit starts from."""
        lines = campaign.goal_lines.values("label", "amount_minor")
        zones = campaign.shipping_zones.values("name", "amount_minor")
        rewards = campaign.rewards.values(
            "title", "kind", "limit", "delivered_from", "handover", "description", "amount_minor"
        )
        return cls(
            CampaignForm(initial=CampaignForm.initial_of(campaign), project=campaign.project),
            CostLines(initial=list(_as_typed(lines)), prefix="lines"),
            Rewards(initial=list(_as_typed(rewards)), prefix="rewards"),
            Zones(initial=list(_as_typed(zones)), prefix="zones"),
        )

    @property
    def formsets(self) -> list[forms.BaseFormSet[Any]]:
        """The parts that repeat, in the order of the page."""
        return [self.lines, self.rewards, self.zones]

    def is_valid(self) -> bool:
        """Whether all of it can be kept; asks every part, so that every error is shown."""
        return all([self.form.is_valid(), *(part.is_valid() for part in self.formsets)])

    @property
    def can_begin(self) -> bool:
        """Whether goal, end and whatever stands beside them can be kept."""
        return self.form.is_valid()

    def refuse(self, refusal: RefusedError) -> None:
        """Show why some of it cannot be kept, at its field where it has one."""
        field = refusal.field if refusal.field in self.form.fields else None
        self.form.add_error(field, str(refusal))

    def terms(self) -> SomeTerms:
        """What can be kept of it, in the services' words; goal and end only together."""
        return {**self.form.terms(), **self._parts()} if self.can_begin else self._parts()

    def _parts(self) -> SomeTerms:
        """Those of the parts that repeat that can be kept."""
        parts: SomeTerms = {}
        if self.lines.is_valid():
            parts["goal_lines"] = costs_of(self.lines)
        if self.rewards.is_valid():
            rewards = (form.terms() for form in self.rewards.forms)
            parts["rewards"] = [reward for reward in rewards if reward]
        if self.zones.is_valid():
            parts["zones"] = [zone for form in self.zones.forms if (zone := form.terms())]
        return parts


def _as_typed(rows: Any) -> Iterator[dict[str, Any]]:
    """Rows as a formset's initial values: the amount under its field's name, none where free."""
    for row in rows:
        yield {**row, "amount": row["amount_minor"] or None}
