"""What of collected money has to go back to backers, or may have to. Amounts in minor units."""

from __future__ import annotations

from django.db.models import F, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from civicfund.pledges.domain import town_fee
from civicfund.pledges.enums import (
    COLLECTING_CAMPAIGN,
    LIVE_REFUND,
    RETURNING_CAMPAIGN,
    BatchState,
    DisputeState,
    PledgeState,
    RefundState,
)
from civicfund.pledges.models import (
    Campaign,
    Dispute,
    Pledge,
    PledgeQuerySet,
    Refund,
    RefundBatch,
)


def given_back(states: tuple[RefundState, ...], field: str = "amount_minor") -> Combinable:
    """What refunds in these states have given back of each pledge, and banks have taken."""
    refunds = Refund.objects.filter(pledge=OuterRef("pk"), state__in=states)
    lost = Dispute.objects.filter(pledge=OuterRef("pk"), state=DisputeState.LOST)
    return sum_of(refunds, field) + sum_of(lost, field)


def given_back_minor(pledge: Pledge, states: tuple[RefundState, ...]) -> int:
    """The same of one pledge."""
    rows = Pledge.objects.filter(pk=pledge.pk).annotate(given_minor=given_back(states))
    return int(rows.values_list("given_minor", flat=True).get())


def sum_of(rows: QuerySet[Refund] | QuerySet[Dispute], field: str) -> Coalesce:
    """What a field of these comes to for each pledge; they are those of one, by ``OuterRef``."""
    sums = rows.order_by().values("pledge").annotate(sum=Sum(field)).values("sum")
    return Coalesce(sums, 0)


def with_something_left(pledges: PledgeQuerySet) -> PledgeQuerySet:
    """Those of collected pledges of which something is left to give back."""
    return (
        pledges.filter(state=PledgeState.COLLECTED)
        .select_related("campaign")
        .annotate(given_minor=given_back(LIVE_REFUND))
        .filter(given_minor__lt=F("amount_minor"))
        .order_by("pk")
    )


def to_refund(campaign: Campaign) -> PledgeQuerySet:
    """Collected pledges of a campaign of which something is left to give back."""
    return with_something_left(Pledge.objects.filter(campaign=campaign))


def from_project_minor(left: PledgeQuerySet) -> int:
    """What the project would have to give back of these: what is left, less fees it never got."""
    fees = given_back(LIVE_REFUND, "town_fee_minor") + given_back(LIVE_REFUND, "provider_fee_minor")
    rows = left.annotate(fees_back_minor=fees).values_list(
        "amount_minor", "given_minor", "campaign__town_fee_thousandths", "project_fee_minor",
        "fees_back_minor",
    )  # fmt: skip
    return sum(
        amount - given - town_fee(amount, thousandths) - borne + fees_back
        for amount, given, thousandths, borne, fees_back in rows.iterator(chunk_size=10_000)
    )


def may_go_back_minor(project_id: int, *, besides: Campaign | None = None) -> int:
    """What a project holds only until it is certain that backers do not get it back.

    A project's campaigns, one after the other, share one account of the books: what one of them
    may owe its backers is neither refunded to those of another (``besides``) nor paid out.
    """
    running = RefundBatch.objects.filter(state=BatchState.RUNNING).values("campaign")
    uncertain = Q(state__in=COLLECTING_CAMPAIGN, floor_percent__isnull=False)
    theirs = Campaign.objects.filter(
        uncertain | Q(state__in=RETURNING_CAMPAIGN) | Q(pk__in=running), project=project_id
    )
    if besides is not None:
        theirs = theirs.exclude(pk=besides.pk)
    return from_project_minor(with_something_left(Pledge.objects.filter(campaign__in=theirs)))
