"""What a campaign asks for and offers: checked, and written while nobody has promised anything."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from civicfund.audit.services import db_now
from civicfund.pledges.enums import Handover, RewardKind, RunBy, ShortPolicy
from civicfund.pledges.models import Campaign, GoalLine, LeadPicture, Reward, ShippingZone
from civicfund.pledges.models.campaigns import MOST_MINOR
from civicfund.pledges.services.errors import RefusedError
from civicfund.projects.enums import FileKind
from civicfund.projects.models import Project, ProjectFile
from civicfund.projects.services import Cost
from civicfund.templatetags.money import money

LONGEST = timedelta(days=90)
MOST_REWARDS = 20
# Those that stand or fall by themselves; all others are about the goal and the time.
PARTS = frozenset({"goal_lines", "rewards", "zones", "lead"})


@dataclass(frozen=True)
class RewardTerms:
    """What a reward or an add-on is to be; amounts in minor units."""

    title: str
    amount_minor: int
    description: str = ""
    limit: int | None = None
    kind: RewardKind = RewardKind.REWARD
    delivered_from: date | None = None
    handover: Handover = Handover.NONE


@dataclass(frozen=True)
class ZoneTerms:
    """Where to and for how much rewards are sent."""

    name: str
    amount_minor: int


class TermsBeside(TypedDict, total=False):
    """What a campaign's terms may name beside its goal and its end."""

    deadline_tz: str
    starts_at: datetime | None
    run_by: RunBy
    floor_percent: int | None
    optimum_minor: int | None
    goal_lines: Sequence[Cost]
    rewards: Sequence[RewardTerms]
    zones: Sequence[ZoneTerms]
    lead: UUID | None


class GivenTerms(TermsBeside):
    """A campaign's terms as callers name them: the fields of ``Terms``."""

    goal_minor: int
    deadline_at: datetime


class SomeTerms(TermsBeside, total=False):
    """Some of them: those that are put in place of what is kept."""

    goal_minor: int
    deadline_at: datetime


@dataclass(frozen=True)
class Terms:
    """What a campaign is to ask for and offer; amounts in minor units.

    ``deadline_at`` is the first instant at which no pledge is taken. Unless it is ``run_by`` the
    town, it starts once its proposer can be paid. Where less than
    ``floor_percent`` of what was pledged can be collected, everybody is refunded. ``goal_lines``
    add up to the goal before it is sent for review. What is beyond the goal up to
    ``optimum_minor`` is welcome, and decides nothing.
    """

    goal_minor: int
    deadline_at: datetime
    deadline_tz: str = settings.TIME_ZONE
    starts_at: datetime | None = None
    run_by: RunBy = RunBy.PROPOSER
    floor_percent: int | None = None
    optimum_minor: int | None = None
    goal_lines: Sequence[Cost] = ()
    rewards: Sequence[RewardTerms] = ()
    zones: Sequence[ZoneTerms] = ()
    lead: UUID | None = None


def without_part(terms: SomeTerms, field: str) -> SomeTerms:
    """What is left of terms without the part that a refused field belongs to."""
    gone = {field} if field in PARTS else terms.keys() - PARTS
    return cast(SomeTerms, {name: said for name, said in terms.items() if name not in gone})


def check_terms(terms: Terms, *, named: Set[str] | None = None) -> None:
    """Raise ``RefusedError``, with the field at fault, for terms that cannot be.

    Where only ``named`` ones are new, goal and time are checked if one of them is, rewards and
    zones if they are: a draft whose end has come meanwhile, or with a reward that the town no
    longer takes, is still written on.
    """
    if named is None or named - PARTS:
        _check_goal(terms)
        _check_time(terms)
    if named is None or "rewards" in named:
        _check_rewards(terms)
    if named is None or "zones" in named:
        _check_zones(terms)


def _check_goal(terms: Terms) -> None:
    if not 0 < terms.goal_minor <= MOST_MINOR * 100:
        raise RefusedError(_("The goal has to be an amount above zero."), field="goal")
    if terms.optimum_minor is not None and terms.optimum_minor <= terms.goal_minor:
        raise RefusedError(_("The optimum has to be above the goal."), field="optimum")
    if terms.floor_percent is not None and not 1 <= terms.floor_percent <= 100:
        raise RefusedError(
            _("The share has to be between 1 and 100 percent."), field="floor_percent"
        )


def _check_time(terms: Terms) -> None:
    try:
        ZoneInfo(terms.deadline_tz)
    except (KeyError, ValueError) as error:
        raise RefusedError(_("There is no such time zone."), field="deadline_tz") from error
    begins = max(terms.starts_at, db_now()) if terms.starts_at else db_now()
    if terms.deadline_at <= begins:
        raise RefusedError(_("The campaign has to end after it starts."), field="deadline_at")
    if terms.deadline_at > begins + LONGEST:
        raise RefusedError(
            _("A campaign lasts at most %(days)s days.") % {"days": LONGEST.days},
            field="deadline_at",
        )


def _check_rewards(terms: Terms) -> None:
    for reward in terms.rewards:
        check_reward(reward, field="rewards")


def check_reward(reward: RewardTerms, *, field: str) -> None:
    """Raise ``RefusedError``, with the field at fault, for a reward that nobody could choose."""
    _check_amount(reward.title, reward.amount_minor, _least(reward.kind), field=field)


def _check_zones(terms: Terms) -> None:
    for zone in terms.zones:
        _check_amount(zone.name, zone.amount_minor, 0, field="zones")


def _least(kind: RewardKind) -> int:
    return 1 if kind == RewardKind.ADD_ON else settings.PLEDGE_LEAST_MINOR


def _check_amount(named: str, amount_minor: int, least_minor: int, *, field: str) -> None:
    """Raise ``RefusedError`` for what nobody could pledge, saying what it is of what is named."""
    most_minor = settings.PLEDGE_CEILING_MINOR
    if not least_minor <= amount_minor <= most_minor:
        raise RefusedError(
            _("“%(named)s” can cost from %(least)s to %(most)s, and %(amount)s is not.")
            % {
                "named": named,
                "least": money(least_minor),
                "most": money(most_minor),
                "amount": money(amount_minor),
            },
            field=field,
        )


def terms_of(campaign: Campaign) -> Terms:
    """The terms as they are kept."""
    return Terms(
        goal_minor=campaign.goal_minor,
        deadline_at=campaign.deadline_at,
        deadline_tz=campaign.deadline_tz,
        starts_at=campaign.starts_at,
        run_by=RunBy(campaign.run_by),
        floor_percent=campaign.floor_percent,
        optimum_minor=campaign.optimum_minor,
        goal_lines=[Cost(each.label, each.amount_minor) for each in campaign.goal_lines.all()],
        rewards=[_reward_terms(each) for each in campaign.rewards.all()],
        zones=[ZoneTerms(each.name, each.amount_minor) for each in campaign.shipping_zones.all()],
        lead=LeadPicture.objects.filter(campaign=campaign).values_list("file", flat=True).first(),
    )


def check_lead(project: Project, lead: UUID | None) -> None:
    """Raise ``RefusedError`` for a picture that the project does not show."""
    if lead is not None and not project.files.pictures().filter(pk=lead).exists():
        raise RefusedError(
            _("This picture is not there any more. Choose another one."), field="lead"
        )


def _lead_kept(campaign: Campaign, lead: UUID | None) -> ProjectFile | None:
    """The picture, kept from being removed until the transaction ends; None where it is gone. A
    campaign without one shows the first.
    """
    query = """
        SELECT id FROM projects_projectfile
        WHERE id = %s AND project_id = %s AND kind = %s FOR KEY SHARE"""
    mine = [lead, campaign.project_id, FileKind.PICTURE]
    return next(iter(ProjectFile.objects.raw(query, mine)), None)


def _reward_terms(reward: Reward) -> RewardTerms:
    return RewardTerms(
        reward.title,
        reward.amount_minor,
        reward.description,
        reward.limit,
        RewardKind(reward.kind),
        reward.delivered_from,
        Handover(reward.handover),
    )


def write_terms(campaign: Campaign, terms: Terms) -> None:
    """Keep the terms. The caller holds the campaign alone, and nobody has promised anything."""
    has_floor = terms.floor_percent is not None
    campaign.goal_minor, campaign.optimum_minor = terms.goal_minor, terms.optimum_minor
    campaign.deadline_at, campaign.deadline_tz = terms.deadline_at, terms.deadline_tz
    campaign.starts_at, campaign.floor_percent = terms.starts_at, terms.floor_percent
    campaign.run_by = terms.run_by
    campaign.short_policy = ShortPolicy.FLOOR if has_floor else ShortPolicy.PAY_ANYWAY
    campaign.save()
    lead = _lead_kept(campaign, terms.lead)
    for rows in (campaign.rewards, campaign.shipping_zones, campaign.goal_lines):
        rows.all().delete()
    LeadPicture.objects.filter(campaign=campaign).delete()
    if lead is not None:
        LeadPicture.objects.create(campaign=campaign, file=lead)
    GoalLine.objects.bulk_create(
        GoalLine(campaign=campaign, position=n, label=line.label, amount_minor=line.amount_minor)
        for n, line in enumerate(terms.goal_lines, start=1)
    )
    ShippingZone.objects.bulk_create(
        ShippingZone(campaign=campaign, position=n, name=zone.name, amount_minor=zone.amount_minor)
        for n, zone in enumerate(terms.zones, start=1)
    )
    Reward.objects.bulk_create(
        reward_at(n, campaign, reward) for n, reward in enumerate(terms.rewards, start=1)
    )


def reward_at(position: int, campaign: Campaign, reward: RewardTerms) -> Reward:
    """A reward as it is to be kept, at its place among the others."""
    return Reward(
        campaign=campaign,
        position=position,
        kind=reward.kind,
        title=reward.title,
        description=reward.description,
        amount_minor=reward.amount_minor,
        limit=reward.limit,
        delivered_from=reward.delivered_from,
        handover=reward.handover,
    )
