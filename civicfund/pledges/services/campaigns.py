"""A campaign from its first draft to going live, and its end before the deadline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, advance_all, db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.pledges.enums import (
    CAMPAIGN_MOVES,
    EDITABLE_CAMPAIGN,
    PLEDGE_MOVES,
    STARTED_PLEDGE,
    CampaignState,
    PledgeState,
    ShortPolicy,
)
from civicfund.pledges.models import Campaign, Pledge, Reward
from civicfund.pledges.models.campaigns import MOST_MINOR
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.letters import tell_backers, tell_creator
from civicfund.pledges.services.locks import FORGET_AFTER, campaign_to_move
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project

LONGEST = timedelta(days=90)
TERMS = [
    "goal_minor", "deadline_at", "deadline_tz", "starts_at", "short_policy", "floor_percent",
]  # fmt: skip


@dataclass(frozen=True)
class RewardTerms:
    """What a reward is to be; amounts in minor units."""

    title: str
    amount_minor: int
    description: str = ""
    limit: int | None = None


def create_campaign(
    project: Project,
    *,
    creator: User,
    goal_minor: int,
    deadline_at: datetime,
    deadline_tz: str = settings.TIME_ZONE,
    starts_at: datetime | None = None,
    floor_percent: int | None = None,
    rewards: Iterable[RewardTerms] = (),
) -> Campaign:
    """A draft campaign for one's own project that is ready. Raises ``RefusedError``.

    ``deadline_at`` is the first instant at which no pledge is taken. Where less than
    ``floor_percent`` of what was pledged can be collected, everybody is refunded.
    """
    if project.proposer_id != creator.pk:
        raise RefusedError(_("Only the person who proposed the project can start its campaign."))
    if project.state != ProjectState.READY:
        raise RefusedError(_("The project has to be ready before it can ask for pledges."))
    _check_terms(goal_minor, deadline_at, deadline_tz, starts_at)
    _check_floor(floor_percent)
    try:
        with transaction.atomic():
            campaign = Campaign.objects.create(
                project=project,
                creator=creator,
                goal_minor=goal_minor,
                currency=settings.CURRENCY,
                deadline_at=deadline_at,
                deadline_tz=deadline_tz,
                starts_at=starts_at,
                short_policy=_policy(floor_percent),
                floor_percent=floor_percent,
            )
            _replace_rewards(campaign, rewards)
            record("campaign.created", campaign, actor=creator, goal_minor=goal_minor)
    except IntegrityError as error:
        if "campaign_one_at_a_time" not in str(error):
            raise
        raise RefusedError(_("This project already has a campaign.")) from error
    return campaign


def edit_campaign(
    campaign: Campaign,
    *,
    by: User,
    goal_minor: int,
    deadline_at: datetime,
    deadline_tz: str = settings.TIME_ZONE,
    starts_at: datetime | None = None,
    floor_percent: int | None = None,
    rewards: Iterable[RewardTerms] = (),
) -> Campaign:
    """Put other terms in place of a campaign's, rewards included, while nobody has promised any."""
    _check_owner(campaign, by)
    _check_terms(goal_minor, deadline_at, deadline_tz, starts_at)
    _check_floor(floor_percent)
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state not in EDITABLE_CAMPAIGN:
            raise RefusedError(_("A campaign can only be edited before it is sent for review."))
        locked.goal_minor, locked.deadline_at = goal_minor, deadline_at
        locked.deadline_tz, locked.starts_at = deadline_tz, starts_at
        locked.short_policy, locked.floor_percent = _policy(floor_percent), floor_percent
        locked.save(update_fields=TERMS)
        _replace_rewards(locked, rewards)
        record("campaign.edited", locked, actor=by, goal_minor=goal_minor)
    return locked


def submit_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """Send it for review."""
    _check_owner(campaign, by)
    _check_time_left(campaign)
    return advance(campaign, CampaignState.SUBMITTED, CAMPAIGN_MOVES, actor=by)


@transaction.atomic
def request_changes(campaign: Campaign, *, by: User, reason: str) -> Campaign:
    """Send it back to its creator, saying why."""
    _check_reviewer(campaign, by)
    said = reason.strip()
    if not said:
        raise RefusedError(_("Say what has to change."), field="reason")
    advance(campaign, CampaignState.CHANGES_REQUESTED, CAMPAIGN_MOVES, actor=by, review_note=said)
    review = record("campaign.reviewed", campaign, actor=by)
    tell_creator(campaign, "own_campaign_changes_requested", review, reason=said)
    return campaign


@transaction.atomic
def approve_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """Let it go live: a sweep starts it at its start, or at once where it has none."""
    _check_reviewer(campaign, by)
    _check_time_left(campaign)
    advance(campaign, CampaignState.APPROVED, CAMPAIGN_MOVES, actor=by, review_note="")
    # An edit of the project that is under way ends first; any later one finds it held.
    project = Project.objects.select_for_update().get(pk=campaign.project_id)
    if project.state != ProjectState.READY:
        raise RefusedError(_("The project is no longer ready: nobody could pledge for it."))
    tell_creator(campaign, "own_campaign_approved")
    return campaign


def start_if_time(campaign: Campaign) -> bool:
    """Go live if approved and its start has come; whether it did."""
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        now = db_now()
        waits = locked.starts_at is not None and locked.starts_at > now
        if locked.state != CampaignState.APPROVED or waits or locked.deadline_at <= now:
            return False
        advance(locked, CampaignState.LIVE, CAMPAIGN_MOVES, actor=None, live_at=now)
    return True


def cancel_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """End a live campaign before its deadline: every pledge is released, nobody is charged."""
    _check_owner(campaign, by)
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if db_now() >= locked.deadline_at:
            raise RefusedError(_("The deadline has passed; the campaign is being decided."))
        advance(locked, CampaignState.CANCELLED, CAMPAIGN_MOVES, actor=by)
        release_all(locked, by=by)
        tell_backers(locked, "campaign_cancelled")
    return locked


def release_all(campaign: Campaign, *, by: User | None) -> None:
    """Let every pledge of a campaign go. The caller holds the campaign alone."""
    pledges = Pledge.objects.filter(campaign=campaign)
    moves = [(PledgeState.ACTIVE, PledgeState.RELEASED)]
    moves += [(state, PledgeState.CANCELLED) for state in STARTED_PLEDGE]
    for old, new in moves:
        advance_all(pledges, old, new, PLEDGE_MOVES, actor=by, next_step_at=db_now() + FORGET_AFTER)


def _check_owner(campaign: Campaign, by: User) -> None:
    if campaign.creator_id != by.pk:
        raise RefusedError(_("Only the person who made the campaign can do this."))


def _check_reviewer(campaign: Campaign, by: User) -> None:
    if not has_role(by, Role.REVIEWER):
        raise RefusedError(_("Only a reviewer can do this."))
    if campaign.creator_id == by.pk:
        raise RefusedError(_("Nobody reviews their own campaign."))


def _check_time_left(campaign: Campaign) -> None:
    if campaign.deadline_at <= db_now():
        raise RefusedError(_("The end of the campaign is in the past."), field="deadline_at")


def _check_terms(
    goal_minor: int, deadline_at: datetime, deadline_tz: str, starts_at: datetime | None
) -> None:
    if not 0 < goal_minor <= MOST_MINOR * 100:
        raise RefusedError(_("The goal has to be an amount above zero."), field="goal")
    try:
        ZoneInfo(deadline_tz)
    except (KeyError, ValueError) as error:
        raise RefusedError(_("There is no such time zone."), field="deadline_tz") from error
    begins = max(starts_at, db_now()) if starts_at else db_now()
    if deadline_at <= begins:
        raise RefusedError(_("The campaign has to end after it starts."), field="deadline_at")
    if deadline_at > begins + LONGEST:
        raise RefusedError(
            _("A campaign lasts at most %(days)s days.") % {"days": LONGEST.days},
            field="deadline_at",
        )


def _policy(floor_percent: int | None) -> ShortPolicy:
    return ShortPolicy.PAY_ANYWAY if floor_percent is None else ShortPolicy.FLOOR


def _check_floor(floor_percent: int | None) -> None:
    if floor_percent is not None and not 1 <= floor_percent <= 100:
        raise RefusedError(
            _("The share has to be between 1 and 100 percent."), field="floor_percent"
        )


def _replace_rewards(campaign: Campaign, rewards: Iterable[RewardTerms]) -> None:
    """Nobody has claimed one yet: a campaign is edited only before it is live."""
    campaign.rewards.all().delete()
    terms = list(rewards)
    for reward in terms:
        if not settings.PLEDGE_LEAST_MINOR <= reward.amount_minor <= settings.PLEDGE_CEILING_MINOR:
            raise RefusedError(
                _("A reward's amount has to be one that can be pledged."), field="rewards"
            )
    Reward.objects.bulk_create(
        Reward(
            campaign=campaign,
            position=position,
            title=reward.title,
            description=reward.description,
            amount_minor=reward.amount_minor,
            limit=reward.limit,
        )
        for position, reward in enumerate(terms, start=1)
    )
