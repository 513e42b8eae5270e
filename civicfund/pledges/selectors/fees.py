"""Which fees a campaign has, what they are likely to be, and what they came to."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum

from civicfund.payments.selectors import likely_fee
from civicfund.pledges.domain import town_fee
from civicfund.pledges.enums import (
    CHARGED_PLEDGE,
    DECIDED_REFUND,
    EDITABLE_CAMPAIGN,
    DisputeState,
    FeeBearer,
)
from civicfund.pledges.models import Campaign, Dispute, Pledge, Refund


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What the town keeps, in thousandths of what is collected; who bears the provider's fee."""

    thousandths: int
    provider_fee_by: FeeBearer

    @property
    def percent(self) -> str:
        """The town's fee as it is written: 5, or 2.5."""
        whole, tenth = divmod(self.thousandths, 10)
        return f"{whole}.{tenth}" if tenth else str(whole)

    @property
    def project_bears(self) -> bool:
        """Whether the provider's fee is taken from what the project receives."""
        return self.provider_fee_by == FeeBearer.PROJECT

    @property
    def any(self) -> bool:
        """Whether the project receives less than what is collected."""
        return self.thousandths > 0 or self.project_bears


def fee_terms(campaign: Campaign) -> FeeTerms:
    """A campaign's fees; what it would be sent for review with, while it is being written."""
    if campaign.state in EDITABLE_CAMPAIGN:
        bearer = FeeBearer(settings.PROVIDER_FEE_BORNE_BY)
        return FeeTerms(settings.TOWN_FEE_THOUSANDTHS, bearer)
    return FeeTerms(campaign.town_fee_thousandths, FeeBearer(campaign.provider_fee_by))


@dataclass(frozen=True, slots=True)
class LikelyFees:
    """What of one pledge goes where, as far as it can be said before. Amounts in minor units."""

    terms: FeeTerms
    town_minor: int
    provider_minor: int
    project_minor: int


def likely_fees(campaign: Campaign, amount_minor: int) -> LikelyFees:
    """What a backer reads before agreeing: the town's fee, the provider's likely one, the rest."""
    terms = fee_terms(campaign)
    town, provider = town_fee(amount_minor, terms.thousandths), likely_fee(amount_minor)
    borne = provider if terms.project_bears else 0
    return LikelyFees(terms, town, provider, max(0, amount_minor - town - borne))


@dataclass(frozen=True, slots=True)
class FeesSoFar:
    """What fees came to, less what went back with refunds and disputes. Amounts in minor units."""

    terms: FeeTerms
    town_minor: int
    project_bears_minor: int


def fees_so_far(campaign: Campaign) -> FeesSoFar:
    """What the town kept of a campaign, and what of the provider's fees its project bore."""
    paid = Pledge.objects.filter(campaign=campaign, state__in=CHARGED_PLEDGE)
    rows = list(paid.values_list("amount_minor", "project_fee_minor"))
    refunds = Refund.objects.filter(pledge__campaign=campaign, state__in=DECIDED_REFUND)
    disputes = Dispute.objects.filter(pledge__campaign=campaign).exclude(state=DisputeState.WON)
    town = sum(town_fee(amount, campaign.town_fee_thousandths) for amount, _borne in rows)
    borne = sum(borne for _amount, borne in rows)
    for gone in (refunds, disputes):
        back = gone.aggregate(
            town=Sum("town_fee_minor", default=0), borne=Sum("provider_fee_minor", default=0)
        )
        town, borne = town - back["town"], borne - back["borne"]
    return FeesSoFar(fee_terms(campaign), town, borne)
