"""Reading campaigns and pledges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from civicfund.audit.models import Event
from civicfund.audit.selectors import events_of
from civicfund.ledger.selectors import booked_minor
from civicfund.payouts.selectors import why_not_payable
from civicfund.people.models import User
from civicfund.pledges.domain import Promise, digest
from civicfund.pledges.enums import (
    CHARGED_PLEDGE,
    FINISHED_CAMPAIGN,
    HOLDING_CAMPAIGN,
    MAY_GO_BACK_CAMPAIGN,
    RETURNING_CAMPAIGN,
    UNPAID_CAMPAIGN,
    AttemptState,
    BatchState,
    Decision,
    DisputeState,
    FeeBearer,
    PledgeState,
    RefundState,
    RunBy,
)
from civicfund.pledges.models import (
    Campaign,
    CampaignOutcome,
    ChargeAttempt,
    Dispute,
    Pledge,
    PledgeQuerySet,
    Refund,
    RefundBatch,
)
from civicfund.pledges.models.totals import with_totals
from civicfund.prepared import Prepared, in_all
from civicfund.projects.models import Project

SHOWN_BACKERS = 30


def collected_in_minor(places: Collection[int]) -> int:
    """What backers have paid for projects there and was not given back, in minor units."""
    paid_minor = sum(_paid_minor(places))
    if not paid_minor:  # so that nothing was given back either
        return 0
    paid = _paid_at(places)
    back = Refund.objects.filter(pledge__in=paid, state=RefundState.SUCCEEDED)
    lost = Dispute.objects.filter(pledge__in=paid, state=DisputeState.LOST)
    return paid_minor - _sum_minor(back) - _sum_minor(lost)


def _paid_at(places: Collection[int]) -> PledgeQuerySet:
    return Pledge.objects.filter(
        state__in=(PledgeState.COLLECTED, PledgeState.DISPUTED),
        campaign__project__neighborhood__in=places,
    ).exclude(campaign__state__in=RETURNING_CAMPAIGN)


@Prepared
def _paid_minor(places: Collection[int]) -> QuerySet[Any, int]:
    return in_all(_paid_at(places), Sum("amount_minor", default=0))


def _sum_minor(rows: QuerySet[Any]) -> int:
    return int(rows.aggregate(sum=Sum("amount_minor", default=0))["sum"])


def newest_campaigns(projects: Collection[int]) -> dict[int, Campaign]:
    """The newest public campaign of each of the projects, in one query."""
    rows = Campaign.objects.public().filter(project__in=projects).order_by("pk")
    return {campaign.project_id: campaign for campaign in rows}


def campaign_of(project: Project) -> Campaign | None:
    """The project's newest public campaign with its totals; None where it never had one."""
    newest = _newest_public.first(project.pk)
    # Most projects never had one: only then are pledges summed.
    if newest is None:
        return None
    campaign = with_totals(Campaign.objects.filter(pk=newest)).get()
    campaign.project = project
    return campaign


@Prepared
def _newest_public(project: int) -> QuerySet[Campaign, int]:
    public = Campaign.objects.public().filter(project=project).order_by("-created_at", "-pk")
    return public.values_list("pk", flat=True)[:1]


def unfinished_campaign_of(project: Project) -> Campaign | None:
    """The project's one campaign that is not over, private ones too; for its proposer."""
    return Campaign.objects.filter(project=project).exclude(state__in=FINISHED_CAMPAIGN).first()


def last_edit(campaign: int) -> int:
    """The event of a campaign's last edit, which tells one edit from the next; 0 without one."""
    edits = Event.objects.filter(
        target_type=Campaign._meta.label_lower,
        target_id=str(campaign),
        verb__in=["campaign.created", "campaign.edited"],
    )
    return edits.order_by("-id").values_list("id", flat=True).first() or 0


def was_sent_in(campaign: Campaign) -> bool:
    """Whether it was ever sent for review, also where its creator has taken it back since."""
    return events_of(campaign).filter(verb="campaign.submitted").exists()


def why_in_campaign(project: Project) -> str:
    """Why the project stays as it is, where a campaign of it runs or is being collected."""
    if Campaign.objects.filter(project=project, state__in=HOLDING_CAMPAIGN).exists():
        return _("People pledge money for this project until its campaign is over.")
    return ""


def ties_project(project: Project) -> bool:
    """Whether it stays with its proposer: to whom money goes, or went, for a campaign of it."""
    return Campaign.objects.filter(project=project).exclude(state__in=UNPAID_CAMPAIGN).exists()


def why_not_paid_yet(project_id: int) -> str:
    """Why what backers paid stays for now: it may still go back, or fees are to come off it."""
    undecided = Campaign.objects.filter(
        project=project_id, floor_percent__isnull=False, state__in=MAY_GO_BACK_CAMPAIGN
    )
    if undecided.exists():
        return _(
            "Backers get their money back if too little of it can be collected:"
            " nothing is paid out before that is certain."
        )
    running = RefundBatch.objects.filter(campaign__project=project_id, state=BatchState.RUNNING)
    if running.exists():
        return _("Its backers are being given their money back: until then nothing is paid out.")
    fee_unknown = Pledge.objects.filter(
        campaign__project=project_id,
        campaign__provider_fee_by=FeeBearer.PROJECT,
        state__in=CHARGED_PLEDGE,
        fee_minor__isnull=True,
    )
    if fee_unknown.exists():
        return _("The project bears the provider's fees, and one of them is not known yet.")
    return ""


def why_not_started(campaign: Campaign) -> str:
    """Why a campaign cannot start yet though its time has come: who runs it cannot be paid.

    As the provider was last read; empty where nothing is missing.
    """
    if campaign.run_by == RunBy.TOWN:
        return ""
    return why_not_payable(campaign.project.proposer)


def pledges_of(user: User | int) -> PledgeQuerySet:
    """What somebody pledged, the newest first, with campaign and project."""
    return (
        Pledge.objects.filter(backer=user)
        .exclude(state=PledgeState.CANCELLED)
        .select_related("campaign__project", "reward")
        .prefetch_related("add_ons")
        .order_by("-created_at", "pk")
    )


def open_pledge_of(user: User, campaign: Campaign) -> Pledge | None:
    """Somebody's pledge to a campaign, in any state but cancelled."""
    mine = Pledge.objects.filter(backer=user, campaign=campaign)
    return mine.exclude(state=PledgeState.CANCELLED).select_related("reward").first()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a decided campaign came to, for anyone to add up. Amounts in minor units."""

    outcome: CampaignOutcome
    # How many pledges stand in each state, and what they come to: label, number, amount.
    by_state: tuple[tuple[str, int, int], ...]
    intents: int
    collected_minor: int
    booked_minor: int
    digest_now: str

    @property
    def unmatched_minor(self) -> int:
        """What was collected and is not in the books, or the other way round."""
        return abs(self.collected_minor - self.booked_minor)

    @property
    def is_what_was_decided(self) -> bool:
        """Whether the pledges are still those that the decision was taken from."""
        return self.digest_now == self.outcome.digest


def settlement_of(campaign: Campaign) -> Settlement | None:
    """The figures of a campaign that is decided; None before."""
    outcome = CampaignOutcome.objects.filter(campaign=campaign).first()
    if outcome is None:
        return None
    funded = outcome.decision == Decision.FUNDED
    pledges = Pledge.objects.filter(campaign=campaign)
    pledges = (
        pledges.filter(outcome=outcome) if funded else pledges.filter(state=PledgeState.RELEASED)
    )
    rows = list(pledges.values_list("pk", "state", "amount_minor", "payment_intent_id"))
    sums: dict[str, tuple[int, int]] = {}
    for _pk, state, amount, _intent in rows:
        number, total = sums.get(state, (0, 0))
        sums[state] = (number + 1, total + amount)
    collected = [str(pk) for pk, state, _, _ in rows if state in CHARGED_PLEDGE]
    return Settlement(
        outcome=outcome,
        by_state=tuple(
            (str(PledgeState(state).label), *sums[state]) for state in PledgeState if state in sums
        ),
        intents=sum(bool(intent) for *_, intent in rows),
        collected_minor=sum(sums.get(state, (0, 0))[1] for state in CHARGED_PLEDGE),
        booked_minor=sum(booked_minor("charge", "pledge", collected).values()),
        digest_now=digest(Promise(str(pk), amount) for pk, _, amount, _ in rows),
    )


def named_backers(campaign: Campaign) -> list[str]:
    """Names of backers who wish theirs to be shown, the first of them first."""
    named = Pledge.objects.counted().filter(campaign=campaign, show_name=True)
    names = named.order_by("confirmed_at", "pk").values_list("backer__display_name", flat=True)
    return list(names[:SHOWN_BACKERS])


def last_failure(pledge: Pledge) -> ChargeAttempt | None:
    """The newest try to charge that failed."""
    failed = pledge.attempts.filter(state__in=[AttemptState.DECLINED, AttemptState.ACTION_REQUIRED])
    return failed.order_by("-n").first()


def what_to_do(code: str, decline_code: str) -> str:
    """Why a card failed and what its owner can do, in plain words."""
    words = {
        "authentication_required": _("Your bank wants you to confirm the payment yourself."),
        "payment_intent_authentication_failure": _("Your bank could not confirm that it was you."),
        "insufficient_funds": _("There was not enough money on the card. Use another one."),
        "expired_card": _("The card has expired. Use another one."),
        "lost_card": _("The bank does not accept this card any more. Use another one."),
        "stolen_card": _("The bank does not accept this card any more. Use another one."),
        "processing_error": _("The bank could not be reached. Try again or use another card."),
    }
    usual = _("Your bank declined the card and did not say why. Use another card or ask the bank.")
    return words.get(decline_code) or words.get(code) or usual
