"""What our rows say, what the provider says, and what the books say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum
from stripe import StripeClient

from civicfund.launch.trouble import say
from civicfund.ledger.models import Posting
from civicfund.ledger.selectors import invariants as laws_of_books
from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Campaign, ChargeAttempt, Pledge
from civicfund.pledges.selectors.laws import invariants

FINAL = (PledgeState.COLLECTED, PledgeState.DECLINED)


@dataclass(frozen=True)
class Verdict:
    """Counts of pledges, and minor units; all zero where every promise was kept."""

    double_charges: int
    lost: int
    stuck: int
    ledger_minus_provider: int
    broken_laws: int
    collected: int


def of(campaign: Campaign, good: set[str]) -> Verdict:
    """Compare. ``good`` are the pledges whose cards work: each has to be collected, once."""
    charges = _charges(campaign)
    pledges = dict(Pledge.objects.filter(campaign=campaign).values_list("pk", "state"))
    collected = {str(pk) for pk, state in pledges.items() if state == PledgeState.COLLECTED}
    paid = {pledge for pledge, times in charges.items() if times}
    lost = (good - collected) | (collected ^ paid)
    _say_what_became_of(lost)
    booked = (
        Posting.objects.filter(
            entry__kind="charge", entry__source_type="pledge", amount_minor__gt=0,
            entry__source_id__in=[str(pk) for pk in pledges],
        ).aggregate(total=Sum("amount_minor", default=0))["total"]
    )  # fmt: skip
    laws = [law for law in (*invariants(), *laws_of_books()) if law.broken_by]
    return Verdict(
        double_charges=sum(times - 1 for times in charges.values() if times > 1),
        lost=len(lost),
        stuck=sum(state not in FINAL for state in pledges.values()),
        ledger_minus_provider=booked - sum(charges.values()) * _amount(campaign),
        broken_laws=len(laws),
        collected=len(collected),
    )


def _say_what_became_of(lost: set[str]) -> None:
    """What was written of each, for whoever has to find out why."""
    asked = ChargeAttempt.objects.filter(pledge__in=lost).order_by("pledge", "n")
    for pledge, *said in asked.values_list("pledge", "pledge__state", "n", "state", "code"):
        say(f"lost {pledge}: {said}")


def unfinished(campaign: Campaign) -> int:
    """How many pledges have not come to an end, or not to their fee."""
    pledges = Pledge.objects.filter(campaign=campaign)
    feeless = pledges.filter(state=PledgeState.COLLECTED, fee_minor=None).count()
    return pledges.exclude(state__in=FINAL).count() + feeless


def _amount(campaign: Campaign) -> int:
    return int(Pledge.objects.filter(campaign=campaign).values_list("amount_minor", flat=True)[0])


def _charges(campaign: Campaign) -> Counter[str]:
    """How often the provider has charged for each pledge, by its own list."""
    client = StripeClient(
        settings.STRIPE_SECRET_KEY, base_addresses={"api": settings.STRIPE_API_BASE}
    )
    group = f"campaign-{campaign.pk}"
    charged: Counter[str] = Counter()
    for charge in client.v1.charges.list({"limit": 100}).auto_paging_iter():
        if charge.paid and charge.transfer_group == group:
            charged[dict(charge.metadata.to_dict())["pledge"]] += 1
    return charged
