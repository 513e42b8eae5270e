"""What a backer paid and got back: one pledge's receipt, and a year's statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import OuterRef

from civicfund.people.models import User
from civicfund.pledges.enums import (
    CHARGED_PLEDGE,
    AttemptState,
    DisputeState,
    PledgeState,
    RefundState,
)
from civicfund.pledges.models import ChargeAttempt, Dispute, Pledge, Refund
from civicfund.pledges.selectors.returning import sum_of


@dataclass(frozen=True, slots=True)
class Receipt:
    """A pledge whose card was charged. Amounts in minor units."""

    pledge: Pledge
    charged_at: datetime
    refunds: list[Refund]
    # What the bank took back of it for good, unless that was all of it.
    disputed_minor: int = 0

    @property
    def by_bank_minor(self) -> int:
        """What the bank took back: all, or part of the charge."""
        if self.pledge.state == PledgeState.CHARGED_BACK:
            return self.pledge.amount_minor - sum(each.amount_minor for each in self.refunds)
        return self.disputed_minor

    @property
    def returned_minor(self) -> int:
        """What has gone back to the card."""
        return self.by_bank_minor + sum(refund.amount_minor for refund in self.refunds)

    @property
    def kept_minor(self) -> int:
        """What the pledge has cost in the end."""
        return self.pledge.amount_minor - self.returned_minor

    @property
    def year(self) -> int:
        """The year of the charge, by the town's clock."""
        return _local_year(self.charged_at)


def receipts_of(user: User) -> list[Receipt]:
    """A receipt for each pledge of somebody's that was charged, the newest first."""
    pledges = (
        Pledge.objects.filter(backer=user, state__in=CHARGED_PLEDGE)
        .select_related("campaign__project", "reward", "shipping_zone")
        .prefetch_related("add_ons__add_on")
    )
    successes = ChargeAttempt.objects.filter(pledge__in=pledges, state=AttemptState.SUCCEEDED)
    lost = Dispute.objects.filter(pledge=OuterRef("pledge"), state=DisputeState.LOST)
    by_bank = sum_of(lost, "amount_minor")
    charged = {
        pledge: (at, lost_minor)
        for pledge, at, lost_minor in successes.values_list("pledge", "resolved_at", by_bank)
    }
    refunds: dict[UUID, list[Refund]] = {}
    paid_back = Refund.objects.filter(pledge__in=pledges, state=RefundState.SUCCEEDED)
    for refund in paid_back.order_by("resolved_at"):
        refunds.setdefault(refund.pledge_id, []).append(refund)
    receipts = [
        Receipt(pledge, at, refunds.get(pledge.pk, []), lost_minor)
        for pledge in pledges
        for at, lost_minor in [charged.get(pledge.pk, (None, 0))]
        if at is not None
    ]
    return sorted(receipts, key=lambda each: (each.charged_at, each.pledge.pk), reverse=True)


def receipt_of(pledge: Pledge) -> Receipt | None:
    """The receipt of one pledge; None where its card was not charged."""
    found = (each for each in receipts_of(pledge.backer) if each.pledge.pk == pledge.pk)
    return next(found, None)


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody's cards were charged in a year, and what went back of it since."""

    year: int
    receipts: list[Receipt]

    @property
    def charged_minor(self) -> int:
        """All that was charged."""
        return sum(each.pledge.amount_minor for each in self.receipts)

    @property
    def returned_minor(self) -> int:
        """All that went back to the cards."""
        return sum(each.returned_minor for each in self.receipts)

    @property
    def kept_minor(self) -> int:
        """What the year's pledges have cost in the end."""
        return self.charged_minor - self.returned_minor


def statements_of(user: User) -> list[Statement]:
    """A statement for every year in which a card was charged, the latest first."""
    years: dict[int, list[Receipt]] = {}
    for receipt in receipts_of(user):
        years.setdefault(receipt.year, []).append(receipt)
    return [Statement(year, receipts) for year, receipts in years.items()]


def _local_year(at: datetime) -> int:
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).year
