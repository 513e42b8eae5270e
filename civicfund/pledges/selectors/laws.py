"""What must hold of pledges and campaigns whatever has crashed, and what is late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now

from civicfund.ledger.domain import PROCESSOR_FEE, TOWN_FEE, dispute_hold
from civicfund.ledger.selectors import Invariant, booked, family_balances, posted_to
from civicfund.pledges.domain import town_fee
from civicfund.pledges.enums import (
    CHARGED_PLEDGE,
    IN_FLIGHT_PLEDGE,
    OPEN_CAMPAIGN,
    RETURNING_CAMPAIGN,
    SETTLED_CAMPAIGN,
    AttemptState,
    DisputeState,
    PledgeState,
    RefundState,
)
from civicfund.pledges.models import Campaign, ChargeAttempt, Dispute, Pledge, Refund
from civicfund.pledges.models.totals import with_totals

# How fees go back, and are kept again.
REFUND_KINDS = ("refund_owed", "refund_called_off")
DISPUTE_KINDS = ("dispute_opened", "dispute_won")
# What banks take in disputes, and what becomes of it.
HELD_KINDS = ("dispute_opened", "dispute_won", "dispute_lost")


def invariants() -> list[Invariant]:
    """What must hold of pledges and campaigns whatever has crashed, and what is late."""
    return [*lasting(), *overdue()]


def lasting() -> list[Invariant]:
    """What must hold of pledges and campaigns whatever has crashed."""
    pledges, campaigns = Pledge.objects, Campaign.objects
    succeeded = Count("attempts", filter=Q(attempts__state=AttemptState.SUCCEEDED))
    once = pledges.annotate(successes=succeeded)
    settled = Q(state__in=[*SETTLED_CAMPAIGN, *RETURNING_CAMPAIGN])
    sums = with_totals(campaigns.filter(outcome__isnull=False))
    return [
        Invariant(
            "a collected pledge has one success, and no other has any",
            _ids(
                once.filter(state__in=CHARGED_PLEDGE).exclude(successes=1)
                | once.exclude(state__in=CHARGED_PLEDGE).filter(successes__gt=0)
            ),
        ),
        Invariant("what was collected is what was charged in the books", _booked_differently()),
        Invariant(
            "what was decided is what was pledged",
            _ids(sums.exclude(outcome__pledged_minor=F("pledged_minor"))),
        ),
        Invariant(
            "nothing is owed to a settled campaign",
            _ids(campaigns.filter(settled, pledges__state__in=IN_FLIGHT_PLEDGE).distinct()),
        ),
        Invariant("every fee is in the books as it was agreed to", _fees_booked_differently()),
        Invariant("every refund is in the books as it stands", _refunds_booked_differently()),
        Invariant("what banks hold is what is disputed", _held_differently()),
    ]


def overdue() -> list[Invariant]:
    """What a worker should have done by now: broken where none works, or none can."""
    hour_ago = Now() - timedelta(hours=1)
    late = Q(state__in=OPEN_CAMPAIGN, deadline_at__lt=Now() - timedelta(minutes=15))
    return [
        Invariant("every campaign is decided in time", _ids(Campaign.objects.filter(late))),
        Invariant(
            "no pledge waits for its first charge longer than an hour",
            _ids(Pledge.objects.filter(state=PledgeState.DUE, outcome__decided_at__lt=hour_ago)),
        ),
        Invariant(
            "no attempt is without an answer longer than an hour",
            _ids(
                ChargeAttempt.objects.filter(
                    state__in=[AttemptState.SENT, AttemptState.UNKNOWN], sent_at__lt=hour_ago
                )
            ),
        ),
    ]


def _booked_differently() -> list[str]:
    """Pledges whose charge in the books is not what was collected from them."""
    collected = {
        str(pk): amount
        for pk, amount in Pledge.objects.filter(state__in=CHARGED_PLEDGE)
        .values_list("pk", "amount_minor")
        .iterator(chunk_size=10_000)
    }
    return sorted(dict(collected.items() ^ booked("charge", "pledge").items()))


def _fees_booked_differently() -> list[str]:
    """Charges, refunds and disputes whose fees are not in the books as their campaigns say."""
    went_back = (*REFUND_KINDS, *DISPUTE_KINDS)
    expected = _kept_fees() | _returned("town_fee_minor")
    wrong = expected.items() ^ posted_to(TOWN_FEE, ["charge", *went_back]).items()
    borne = {
        ("fee", str(pk)): amount
        for pk, amount in Pledge.objects.filter(project_fee_minor__gt=0)
        .values_list("pk", "project_fee_minor")
        .iterator(chunk_size=10_000)
    }
    wrong |= borne.items() ^ posted_to("project_payable/", ["fee"]).items()
    borne_by_town = posted_to(PROCESSOR_FEE, went_back)
    wrong |= _returned("provider_fee_minor").items() ^ borne_by_town.items()
    return sorted({source for (_kind, source), _amount in wrong})


def _kept_fees() -> dict[tuple[str, str], int]:
    """What the town keeps of each collected pledge."""
    rows = Pledge.objects.filter(state__in=CHARGED_PLEDGE, campaign__town_fee_thousandths__gt=0)
    found = rows.values_list("pk", "amount_minor", "campaign__town_fee_thousandths")
    kept = {
        ("charge", str(pk)): -town_fee(amount, thousandths)
        for pk, amount, thousandths in found.iterator(chunk_size=10_000)
    }
    return {key: amount for key, amount in kept.items() if amount}


def _returned(field: str) -> dict[tuple[str, str], int]:
    """What of a fee went back with refunds and disputes; kept again where they came to nothing."""
    parts = (
        (Refund, REFUND_KINDS, RefundState.FAILED),
        (Dispute, DISPUTE_KINDS, DisputeState.WON),
    )
    found = {}
    for model, (gone, kept_again), undone in parts:
        rows = model._default_manager.filter(**{f"{field}__gt": 0})
        for pk, amount, state in rows.values_list("pk", field, "state"):
            found[gone, str(pk)] = amount
            if state == undone:
                found[kept_again, str(pk)] = -amount
    return found


def _ids(rows: QuerySet[Any]) -> list[str]:  # of any of the models
    return [str(pk) for pk in rows.values_list("pk", flat=True)]


def _refunds_booked_differently() -> list[str]:
    """Refunds of which the books say something else than their state."""
    kinds = ("refund_owed", "refund_paid", "refund_came_back", "refund_called_off")
    books = [booked(kind, "refund") for kind in kinds]
    rows = Refund.objects.values_list("pk", "state", "amount_minor").iterator(chunk_size=10_000)
    return [
        str(pk)
        for pk, state, amount in rows
        if not _fits(RefundState(state), [book.get(str(pk), 0) == amount for book in books])
    ]


def _fits(state: RefundState, booked_as: list[bool]) -> bool:
    """Whether a refund in this state may be booked as owed, paid, come back, called off."""
    owed, paid, came_back, called_off = booked_as
    if state in (RefundState.WAITING, RefundState.CANCELLED):
        return not any(booked_as)
    if state == RefundState.FAILED:
        return owed and called_off and paid == came_back
    return owed and not called_off and (paid or state != RefundState.SUCCEEDED)


def _held_differently() -> list[str]:
    """Disputes of which banks hold something else than their state says, and projects of which
    they hold more or less than that.

    By what was booked for each: of a charge that is disputed in part, a bank holds that part.
    """
    held: dict[str, int] = {}
    for (_kind, source), amount in posted_to(dispute_hold(""), HELD_KINDS).items():
        held[source] = held.get(source, 0) + amount
    rows = Dispute.objects.values_list("pk", "state", "pledge__state", "pledge__campaign__project")
    wrong, by_project = [], dict[str, int]()
    for pk, state, pledge_state, project in rows.iterator(chunk_size=10_000):
        now = held.pop(pk, 0)
        is_held = state == DisputeState.OPEN and pledge_state == PledgeState.DISPUTED
        if (now > 0) != is_held or now < 0:
            wrong.append(pk)
        if now:
            account = dispute_hold(project)
            by_project[account] = by_project.get(account, 0) + now
    wrong += [source for source, amount in held.items() if amount]
    return sorted({*wrong, *dict(by_project.items() ^ family_balances(dispute_hold("")).items())})
