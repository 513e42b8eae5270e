"""What a creator may know of their campaign's backers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils.timezone import localdate, localtime

from civicfund.pledges.domain import last_day
from civicfund.pledges.enums import OWED_PLEDGE, PledgeState
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.models.pledges import PledgeQuerySet


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a campaign's pledges: by reward, by state or by day. Amounts in minor units."""

    label: str
    pledges: int
    amount_minor: int


def backers_of(campaign: Campaign, narrowed: Q, order: Sequence[str]) -> PledgeQuerySet:
    """The pledges that count and fit, in an order, with what may be told of their backers."""
    rows = Pledge.objects.counted().filter(narrowed, campaign=campaign)
    rows = rows.select_related("backer", "reward", "shipping_zone")
    return rows.prefetch_related("add_ons__add_on").order_by(*order)


def name_for_creator(pledge: Pledge) -> str:
    """The backer's name where they wish it to be shown, else nothing."""
    return pledge.backer.display_name if pledge.show_name else ""


def by_reward(campaign: Campaign) -> list[Part]:
    """How many pledges each reward has, and those without one."""
    rows = (
        Pledge.objects.counted()
        .filter(campaign=campaign)
        .order_by("reward__position")
        .values_list("reward__title")
        .annotate(pledges=Count("pk"), amount=Sum("amount_minor"))
    )
    return [Part(title or "", pledges, amount) for title, pledges, amount in rows]


def by_state(campaign: Campaign) -> list[Part]:
    """How many pledges stand in each state."""
    rows = {
        state: (pledges, amount)
        for state, pledges, amount in Pledge.objects.counted()
        .filter(campaign=campaign)
        .values_list("state")
        .annotate(pledges=Count("pk"), amount=Sum("amount_minor"))
    }
    return [Part(str(state.label), *rows[state]) for state in PledgeState if state in rows]


def by_day(campaign: Campaign) -> list[tuple[date, int, int]]:
    """What was pledged on each day since it went live: the day, how many pledges, how much."""
    rows = (
        Pledge.objects.counted()
        .filter(campaign=campaign, confirmed_at__isnull=False)
        .annotate(day=TruncDate("confirmed_at"))
        .values_list("day")
        .annotate(pledges=Count("pk"), amount=Sum("amount_minor"))
        .order_by("day")
    )
    live_at = campaign.live_at
    first = localtime(live_at).date() if live_at else None
    over = last_day(campaign.deadline_at, campaign.deadline_tz)
    return with_empty_days(list(rows), first=first, last=min(localdate(), over))


def with_empty_days(
    days: list[tuple[date, int, int]], *, first: date | None, last: date
) -> list[tuple[date, int, int]]:
    """Every day from ``first`` to ``last``, and none left out that had a pledge; none without."""
    if not days:
        return []
    known = {day: (pledges, amount) for day, pledges, amount in days}
    begins, ends = min(first or days[0][0], days[0][0]), max(last, days[-1][0])
    every = [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]
    return [(day, *known.get(day, (0, 0))) for day in every]


def due_minor(campaign: Campaign) -> int:
    """What is being charged, or may still be made good after a failed card."""
    due = Pledge.objects.filter(campaign=campaign, state__in=OWED_PLEDGE)
    total: int = due.aggregate(sum=Sum("amount_minor", default=0))["sum"]
    return total


def rows_for_creator(pledges: PledgeQuerySet) -> Iterator[tuple[object, ...]]:
    """A line for each of ``backers_of``; no address, names only of the willing."""
    for pledge in pledges.iterator(chunk_size=1000):
        yield (
            str(pledge.pk),
            pledge.confirmed_at.isoformat() if pledge.confirmed_at else "",
            pledge.state,
            pledge.amount_minor,
            pledge.currency,
            pledge.reward.title if pledge.reward else "",
            ", ".join(f"{each.quantity} {each.add_on.title}" for each in pledge.add_ons.all()),
            pledge.shipping_zone.name if pledge.shipping_zone else "",
            name_for_creator(pledge),
        )
