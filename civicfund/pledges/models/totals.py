"""What a campaign's pledges come to, beside each campaign."""

from __future__ import annotations

from django.db.models import (
    Aggregate,
    BigIntegerField,
    Count,
    OuterRef,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from civicfund.pledges.enums import CHARGED_PLEDGE, PLEDGED
from civicfund.pledges.models.campaigns import CampaignQuerySet
from civicfund.pledges.models.pledges import Pledge, PledgeQuerySet


def with_totals(campaigns: CampaignQuerySet) -> CampaignQuerySet:
    """Each with ``pledged_minor``, ``collected_minor`` and ``backers``, in the same query.

    What was pledged stays pledged, whatever became of a card: honest progress shows both.
    """
    counted = Pledge.objects.filter(campaign=OuterRef("pk"), state__in=PLEDGED)
    collected = counted.filter(state__in=CHARGED_PLEDGE)
    return campaigns.annotate(
        pledged_minor=_over(counted, Sum("amount_minor")),
        collected_minor=_over(collected, Sum("amount_minor")),
        backers=_over(counted, Count("pk")),
    )


def _over(rows: PledgeQuerySet, aggregate: Aggregate) -> Coalesce:
    """An aggregate over a campaign's pledges as a subquery, 0 where there are none."""
    whole = BigIntegerField()
    each = rows.order_by().values("campaign").annotate(value=aggregate).values("value")
    return Coalesce(Subquery(each, output_field=whole), Value(0, output_field=whole))


def for_page(campaigns: CampaignQuerySet) -> CampaignQuerySet:
    """With all that a page about one shows: totals, project, neighborhood, the picture in front."""
    return with_totals(campaigns).select_related("project__neighborhood", "lead")
