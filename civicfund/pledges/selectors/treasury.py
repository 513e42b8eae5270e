"""What treasurers read of pledges: one pledge's case, and what somebody has to look at."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from civicfund.notices.models import Message
from civicfund.pledges.enums import (
    FAILED_PLEDGE,
    OPEN_BATCH,
    UNDER_WAY_REFUND,
    DisputeState,
    PledgeState,
    RefundState,
)
from civicfund.pledges.models import (
    Campaign,
    ChargeAttempt,
    Consent,
    Dispute,
    Pledge,
    PledgeQuerySet,
    Refund,
    RefundBatch,
)
from civicfund.pledges.selectors.returning import given_back_minor


@dataclass(frozen=True, slots=True)
class Case:
    """All that happened to one pledge's money, for treasurers."""

    attempts: list[ChargeAttempt]
    refunds: list[Refund]
    disputes: list[Dispute]
    consents: list[Consent]
    messages: list[Message]


def case_of(pledge: Pledge) -> Case:
    """Every try, refund, dispute, consent and mail of a pledge, oldest first."""
    attempts = list(pledge.attempts.all())
    refunds = list(pledge.refunds.select_related("requested_by").order_by("created_at"))
    consents = list(pledge.consents.all())
    sources = [
        f"{row._meta.label_lower}:{row.pk}" for row in (pledge, *attempts, *refunds, *consents)
    ]
    told = Message.objects.filter(recipient=pledge.backer_id, source__in=sources)
    return Case(
        attempts=attempts,
        refunds=refunds,
        disputes=list(pledge.disputes.order_by("opened_at")),
        consents=consents,
        messages=list(told.order_by("created_at")),
    )


def found_pledges(wanted: str) -> PledgeQuerySet:
    """Pledges by their number, an id at the provider, or their backer's whole e-mail address."""
    named = (
        Q(payment_intent_id=wanted)
        | Q(setup_intent_id=wanted)
        | Q(attempts__charge_id=wanted)
        | Q(attempts__request_id=wanted)
        | Q(refunds__refund_id=wanted)
        | Q(disputes=wanted)
        | Q(backer__email__iexact=wanted)
    )
    if "@" in wanted:  # an account's address, or a guest's
        named |= Q(backer__guest_email=wanted.strip().lower())
    with suppress(ValueError):
        named |= Q(pk=UUID(wanted))
    rows = Pledge.objects.filter(named).select_related("campaign__project", "backer")
    return rows.order_by("-created_at").distinct()


def troubled_pledges() -> PledgeQuerySet:
    """Pledges whose card failed or whose charge is disputed: what somebody may ask about."""
    states = [*FAILED_PLEDGE, PledgeState.DISPUTED]
    rows = Pledge.objects.filter(state__in=states).select_related("campaign__project", "backer")
    return rows.order_by("recovery_ends_at", "pk")


def refunds_to_look_at() -> QuerySet[Refund]:
    """Refunds that wait for a second person, or that failed and were not made good since."""
    failed = Refund.objects.left_failed().values("pk")
    rows = Refund.objects.filter(Q(state=RefundState.WAITING) | Q(pk__in=failed))
    rows = rows.select_related("pledge__campaign__project", "requested_by")
    return rows.order_by("created_at")


def batches_to_look_at() -> QuerySet[RefundBatch]:
    """Campaigns whose refund waits for a second person or is being paid."""
    rows = RefundBatch.objects.filter(state__in=OPEN_BATCH)
    return rows.select_related("campaign__project", "requested_by").order_by("created_at")


def open_disputes() -> QuerySet[Dispute]:
    """Disputes that banks have not decided, the one to be answered first before the others."""
    rows = Dispute.objects.filter(state=DisputeState.OPEN)
    return rows.select_related("pledge__campaign__project").order_by("evidence_due_at", "pk")


@dataclass(frozen=True, slots=True)
class Returned:
    """What of a campaign's collected money went back. Amounts in minor units."""

    refunded_minor: int
    under_way_minor: int
    charged_back_minor: int

    @property
    def all_minor(self) -> int:
        """What backers have back, one way or another."""
        return self.refunded_minor + self.charged_back_minor


def returned_of(campaign: Campaign) -> Returned:
    """What of a campaign's collected money went back, or is about to."""
    refunds = Refund.objects.filter(pledge__campaign=campaign).aggregate(
        done=Sum("amount_minor", filter=Q(state=RefundState.SUCCEEDED), default=0),
        coming=Sum("amount_minor", filter=Q(state__in=UNDER_WAY_REFUND), default=0),
    )
    lost = Dispute.objects.filter(pledge__campaign=campaign, state=DisputeState.LOST)
    return Returned(
        refunded_minor=refunds["done"],
        under_way_minor=refunds["coming"],
        charged_back_minor=lost.aggregate(sum=Sum("amount_minor", default=0))["sum"],
    )


def paid_back(pledge: Pledge) -> int:
    """What of a pledge is back on its backer's card, in minor units: by refunds, or by the bank."""
    done = given_back_minor(pledge, (RefundState.SUCCEEDED,))
    return min(pledge.amount_minor, done)
