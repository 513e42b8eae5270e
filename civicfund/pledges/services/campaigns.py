"""A campaign from its first draft to going live, and its end before the deadline."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, advance_all, db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.pledges.access import is_of_team
from civicfund.pledges.enums import (
    CAMPAIGN_MOVES,
    EDITABLE_CAMPAIGN,
    PLEDGE_MOVES,
    SENT_CAMPAIGN,
    STARTED_PLEDGE,
    CampaignState,
    PledgeState,
)
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.selectors import last_edit, was_sent_in, why_not_started
from civicfund.pledges.selectors.checklist import checklist_of
from civicfund.pledges.services.errors import OvertakenError, RefusedError
from civicfund.pledges.services.letters import tell_backers, tell_creator, tell_moderators
from civicfund.pledges.services.locks import FORGET_AFTER, campaign_to_move
from civicfund.pledges.services.terms import (
    GivenTerms,
    SomeTerms,
    Terms,
    check_lead,
    check_terms,
    terms_of,
    write_terms,
)
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.projects.selectors.writing import why_silent
from civicfund.talk.enums import SubjectKind
from civicfund.talk.services import let_follow
from civicfund.words import seen


def create_campaign(project: Project, *, creator: User, **terms: Unpack[GivenTerms]) -> Campaign:
    """A draft campaign for one's own project that is ready. Raises ``RefusedError``."""
    if project.proposer_id != creator.pk:
        raise RefusedError(_("Only the person who proposed the project can start its campaign."))
    if project.state != ProjectState.READY:
        raise RefusedError(_("The project has to be ready before it can ask for pledges."))
    check_not_silent(creator)
    wanted = Terms(**terms)
    check_terms(wanted)
    check_lead(project, wanted.lead)
    try:
        with transaction.atomic():
            _keep(project)
            campaign = Campaign(project=project, creator=creator, currency=settings.CURRENCY)
            write_terms(campaign, wanted)
            record("campaign.created", campaign, actor=creator, goal_minor=wanted.goal_minor)
    except IntegrityError as error:
        if "campaign_one_at_a_time" not in str(error):
            raise
        raise RefusedError(_("This project already has a campaign.")) from error
    return campaign


def _keep(project: Project) -> None:
    """Hold the project before its pictures, in the order of whoever changes it."""
    query = "SELECT id FROM projects_project WHERE id = %s FOR KEY SHARE"
    list(Project.objects.raw(query, [project.pk]))


def edit_campaign(
    campaign: Campaign, *, by: User, seen: int | None = None, **parts: Unpack[SomeTerms]
) -> Campaign:
    """Put other terms in place of a campaign's, while nobody has promised any; those that are not
    named stay as they are. Raises ``RefusedError``, and ``OvertakenError`` where ``seen``, the
    edit that the changes began with, is no longer the last.
    """
    check_creator(campaign, by)
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state not in EDITABLE_CAMPAIGN:
            raise RefusedError(_("A campaign can only be edited before it is sent for review."))
        if seen is not None and seen != last_edit(locked.pk):
            raise OvertakenError
        wanted = replace(terms_of(locked), **parts)
        check_terms(wanted, named=parts.keys())
        check_lead(locked.project, parts.get("lead"))
        write_terms(locked, wanted)
        record("campaign.edited", locked, actor=by, goal_minor=wanted.goal_minor)
    return locked


@transaction.atomic
def submit_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """Send it for review, with the fees that the town has set now.

    Raises ``RefusedError`` with the first that its checklist lacks.
    """
    check_creator(campaign, by)
    check_not_silent(by)
    locked = campaign_to_move(campaign.pk)
    for words, field in checklist_of(locked).lacks:
        raise RefusedError(words, field=field)
    check_terms(terms_of(locked), named={"rewards", "zones"})
    return advance(
        campaign, CampaignState.SUBMITTED, CAMPAIGN_MOVES,
        actor=by,
        town_fee_thousandths=settings.TOWN_FEE_THOUSANDTHS,
        provider_fee_by=settings.PROVIDER_FEE_BORNE_BY,
    )  # fmt: skip


@transaction.atomic
def request_changes(campaign: Campaign, *, by: User, reason: str) -> Campaign:
    """Send it back to its creator, saying why."""
    _check_reviewer(campaign, by)
    said = seen(reason)
    if not said:
        raise RefusedError(_("Say what has to change."), field="reason")
    if campaign.state == CampaignState.APPROVED:
        raise RefusedError(_("It is approved already."))
    advance(campaign, CampaignState.CHANGES_REQUESTED, CAMPAIGN_MOVES, actor=by, review_note=said)
    review = record("campaign.reviewed", campaign, actor=by)
    tell_creator(campaign, "own_campaign_changes_requested", review, reason=said)
    return campaign


@transaction.atomic
def approve_campaign(campaign: Campaign, *, by: User, seen: int | None = None) -> Campaign:
    """Let it go live: a sweep starts it at its start, or at once where it has none.

    Raises ``RefusedError`` where ``seen``, the edit that was looked at, is no longer the last.
    """
    _check_reviewer(campaign, by)
    _check_time_left(campaign)
    if seen is not None and seen != last_edit(campaign_to_move(campaign.pk).pk):
        raise RefusedError(_("Its creator has changed it since you looked at it. Look again."))
    advance(campaign, CampaignState.APPROVED, CAMPAIGN_MOVES, actor=by, review_note="")
    # An edit of the project that is under way ends first; any later one finds it held.
    project = Project.objects.select_for_update().get(pk=campaign.project_id)
    if project.state != ProjectState.READY:
        raise RefusedError(_("The project is no longer ready: nobody could pledge for it."))
    review = record("campaign.reviewed", campaign, actor=by)
    tell_creator(campaign, "own_campaign_approved", review)
    let_follow(SubjectKind.CAMPAIGN, campaign.pk, [campaign.creator_id])
    _tell_what_is_missing(campaign)
    return campaign


def start_if_time(campaign: Campaign) -> bool:
    """Go live if approved, its start has come, and who runs it can be paid; whether it did."""
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        now = db_now()
        waits = locked.starts_at is not None and locked.starts_at > now
        if locked.state != CampaignState.APPROVED or waits or locked.deadline_at <= now:
            return False
        if _tell_what_is_missing(locked):
            return False
        advance(locked, CampaignState.LIVE, CAMPAIGN_MOVES, actor=None, live_at=now)
    return True


def _tell_what_is_missing(campaign: Campaign) -> bool:
    """Tell its creator and the moderators, once, why it cannot start yet; whether it cannot."""
    missing = why_not_started(campaign)
    if missing:
        tell_creator(campaign, "own_campaign_waits", reason=missing)
        tell_moderators(campaign, "campaign_waits", reason=missing)
    return bool(missing)


def send_back_if_too_late(campaign: Campaign) -> bool:
    """Let its creator give other dates to a campaign whose end came before it could start."""
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state != CampaignState.APPROVED or db_now() < locked.deadline_at:
            return False
        said = _("Its end came before it could start. Give it other dates, and send it again.")
        advance(
            locked, CampaignState.CHANGES_REQUESTED, CAMPAIGN_MOVES, actor=None, review_note=said
        )
        act = record("campaign.too_late", locked, actor=None)
        tell_creator(locked, "own_campaign_too_late", act)
    return True


@transaction.atomic
def take_back_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """Make one that was sent for review, or approved and not started, a draft again."""
    check_creator(campaign, by)
    locked = campaign_to_move(campaign.pk)
    if locked.state not in SENT_CAMPAIGN:
        raise RefusedError(_("It can only be taken back until it starts."))
    return advance(locked, CampaignState.DRAFT, CAMPAIGN_MOVES, actor=by)


@transaction.atomic
def throw_away_campaign(campaign: Campaign, *, by: User) -> None:
    """Delete a draft that was never sent in, with its rewards and all else that was written of it.
    Its project can have another one. Raises ``RefusedError``.
    """
    check_creator(campaign, by)
    locked = campaign_to_move(campaign.pk)
    check_is_thrown_away(locked)
    record("campaign.thrown_away", locked, actor=by)
    locked.delete()


def check_is_thrown_away(campaign: Campaign) -> None:
    """Raise ``RefusedError`` where a campaign stays."""
    if campaign.state != CampaignState.DRAFT:
        raise RefusedError(_("Only a draft can be thrown away."))
    if was_sent_in(campaign):
        raise RefusedError(_("It was sent in once, so it stays: change it, and send it in again."))


def cancel_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """End a live campaign before its deadline: every pledge is released, nobody is charged."""
    check_creator(campaign, by)
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


def check_creator(campaign: Campaign, by: User) -> None:
    """Raise ``RefusedError`` for anybody else."""
    if campaign.creator_id != by.pk:
        raise RefusedError(_("Only the campaign's creator can do this."))


def check_not_silent(by: User) -> None:
    """Raise ``RefusedError`` for whoever may not write in public now."""
    if silent := why_silent(by):
        raise RefusedError(silent)


def _check_reviewer(campaign: Campaign, by: User) -> None:
    if not has_role(by, Role.REVIEWER):
        raise RefusedError(_("Only a reviewer can do this."))
    if is_of_team(by, campaign):
        raise RefusedError(_("Nobody reviews their own campaign."))


def _check_time_left(campaign: Campaign) -> None:
    if campaign.deadline_at <= db_now():
        raise RefusedError(_("The end of the campaign is in the past."), field="deadline_at")
