"""Who bears which fee of a charge, and what of it goes back with the money.

A project gives back what it got of a charge, in proportion. The town gives its own fee back. The
provider never does: what a project bore of that, the town bears once the money has gone back.
"""

from __future__ import annotations

from django.db.models import Sum

from civicfund.ledger.domain import Fees
from civicfund.pledges.domain import fee_going_back, town_fee
from civicfund.pledges.enums import DECIDED_REFUND, DisputeState, FeeBearer
from civicfund.pledges.models import Dispute, Pledge, Refund

SUMS = ("amount_minor", "town_fee_minor", "provider_fee_minor")


def town_fee_of(pledge: Pledge) -> int:
    """What the town keeps of a collected pledge, in minor units."""
    return town_fee(pledge.amount_minor, pledge.campaign.town_fee_thousandths)


def borne_by_project(pledge: Pledge, fee_minor: int) -> int:
    """What of the provider's fee the project bears: nothing of what has gone back already.

    Never more than it got of the charge. The caller holds the pledge's lock.
    """
    if pledge.campaign.provider_fee_by != FeeBearer.PROJECT:
        return 0
    gone, _town, _provider = _gone_back(pledge)
    kept = fee_minor - fee_going_back(fee_minor, pledge.amount_minor, gone, 0)
    return min(kept, pledge.amount_minor - town_fee_of(pledge))


def note_fees(row: Refund | Dispute, amount_minor: int) -> Fees:
    """What of the fees goes back with so much of a charge, kept with the row for good.

    Noting it again gives the same. The caller holds the pledge's lock.
    """
    if row.town_fee_minor is None or row.provider_fee_minor is None:
        fees = _going_back(row.pledge, amount_minor)
        row.town_fee_minor, row.provider_fee_minor = fees.town_minor, fees.provider_minor
        row.save(update_fields=["town_fee_minor", "provider_fee_minor"])
    return fees_of(row)


def fees_of(row: Refund | Dispute) -> Fees:
    """What of the fees went back with it, as it was noted."""
    return Fees(row.town_fee_minor or 0, row.provider_fee_minor or 0)


def _going_back(pledge: Pledge, amount_minor: int) -> Fees:
    """Never more than the amount itself, however small it is."""
    town, borne = town_fee_of(pledge), pledge.project_fee_minor
    if not town and not borne:
        return Fees()
    gone, town_back, borne_back = _gone_back(pledge)
    after = gone + amount_minor
    town = min(fee_going_back(town, pledge.amount_minor, after, town_back), amount_minor)
    borne = fee_going_back(borne, pledge.amount_minor, after, borne_back)
    return Fees(town, min(borne, amount_minor - town))


def _gone_back(pledge: Pledge) -> tuple[int, int, int]:
    """What of a charge has gone back, or is with the bank, and what of its fees with it."""
    refunds = Refund.objects.filter(pledge=pledge, state__in=DECIDED_REFUND)
    disputes = Dispute.objects.filter(pledge=pledge).exclude(state=DisputeState.WON)
    sums = [
        rows.filter(town_fee_minor__isnull=False).aggregate(
            **{f"sum_{name}": Sum(name, default=0) for name in SUMS}
        )
        for rows in (refunds, disputes)
    ]
    amount, town, provider = (sum(each[f"sum_{name}"] for each in sums) for name in SUMS)
    return amount, town, provider
