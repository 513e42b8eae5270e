"""What a creator may know of their campaign's backers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from civicfund.pledges.enums import PledgeState
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.models.pledges import PledgeQuerySet


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a campaign's pledges: by reward, by state or by day. Amounts in minor units."""

    label: str
    pledges: int
    amount_minor: int


def backers_of(campaign: Campaign) -> PledgeQuerySet:
    """The pledges that count, the newest first, with what may be told of their backers."""
    rows = Pledge.objects.counted().filter(campaign=campaign)
    rows = rows.select_related("backer", "reward", "shipping_zone")
    return rows.prefetch_related("add_ons__add_on").order_by("-confirmed_at", "pk")


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
    """What was pledged on each day: the day, how many pledges, how much."""
    rows = (
        Pledge.objects.counted()
        .filter(campaign=campaign, confirmed_at__isnull=False)
        .annotate(day=TruncDate("confirmed_at"))
        .values_list("day")
        .annotate(pledges=Count("pk"), amount=Sum("amount_minor"))
        .order_by("day")
    )
    return list(rows)


def rows_for_creator(campaign: Campaign) -> Iterator[tuple[object, ...]]:
    """A line for each pledge that counts, oldest first; no address, names only of the willing."""
    for pledge in backers_of(campaign).reverse().iterator(chunk_size=1000):
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
