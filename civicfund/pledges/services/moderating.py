"""Campaigns that moderators stop for a while, and what people tell them."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.notices.services import tell_who_gives_roles
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role, people_with
from civicfund.pledges.access import is_of_team
from civicfund.pledges.enums import CAMPAIGN_MOVES, CampaignState, SuspensionOutcome
from civicfund.pledges.models import Campaign, CampaignReport, Suspension
from civicfund.pledges.selectors.moderating import suspension_of
from civicfund.pledges.services.campaigns import check_creator, release_all
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.letters import tell_backers, tell_creator, tell_moderators
from civicfund.pledges.services.locks import campaign_to_move
from civicfund.projects.selectors.writing import why_silent
from civicfund.states import check_move
from civicfund.words import seen


def report_campaign(
    campaign: Campaign, *, reason: str, words: str = "", by: User | None
) -> CampaignReport:
    """Tell the moderators what is wrong with a campaign. Raises ``RefusedError`` where the same
    person has told them already and nobody has looked yet.
    """
    if by is not None and (silent := why_silent(by)):
        raise RefusedError(silent)
    try:
        with transaction.atomic():
            return CampaignReport.objects.create(
                campaign=campaign, reporter=by, reason=reason, words=seen(words)
            )
    except IntegrityError as error:
        if "report_once_until_looked_at" not in str(error):
            raise
        raise RefusedError(_("You have told us already. Somebody will look at it.")) from error


@transaction.atomic
def handle_report(report: CampaignReport, *, by: User) -> None:
    """Note that a moderator has looked at it."""
    check_moderator(by)
    _check_not_own(report.campaign, by)
    waiting = CampaignReport.objects.filter(pk=report.pk, handled_at__isnull=True)
    if waiting.update(handled_at=db_now()):
        record("campaign_report.handled", report, actor=by, campaign=report.campaign_id)


def suspend_campaign(campaign: Campaign, *, by: User, reason: str) -> Campaign:
    """Stop a live campaign for a while, publicly and with a reason: no pledge is taken.

    Its deadline stays. Whoever has pledged can take the pledge back; nobody is charged unless it
    goes on before its deadline.
    """
    check_moderator(by)
    _check_not_own(campaign, by)
    said = _said(reason, _("Say why it is suspended: everybody reads it."))
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        _check_moves(locked, CampaignState.SUSPENDED)
        Suspension.objects.create(campaign=locked, words=said, suspended_by=by)
        advance(
            locked, CampaignState.SUSPENDED, CAMPAIGN_MOVES,
            actor=by, suspension_reason=said, resumption_reason="",
        )  # fmt: skip
        act = record("campaign.stopped", locked, actor=by)
        tell_creator(locked, "own_campaign_suspended", act, reason=said)
    return locked


def resume_campaign(campaign: Campaign, *, by: User, reason: str) -> Campaign:
    """Let somebody else's suspended campaign go on until its deadline, publicly saying why.

    While an appeal waits, that is for ``decide_appeal``.
    """
    check_moderator(by)
    _check_not_own(campaign, by)
    said = _said(reason, _("Say why it may go on: everybody reads it."))
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        _check_moves(locked, CampaignState.LIVE)
        suspension = _standing(locked)
        if suspension.waits:
            raise RefusedError(_("Its creator has appealed: that is decided first."))
        _let_go_on(locked, suspension, by=by, reason=said)
    return locked


def appeal_suspension(campaign: Campaign, *, by: User, words: str) -> Suspension:
    """Ask for another moderator's look at one's own suspended campaign, once. The moderators are
    told, but for the one who suspended it; where no other may decide, superusers are. Its deadline
    stays.
    """
    check_creator(campaign, by)
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        suspension = _standing(locked)
        if suspension.appealed_at:
            raise RefusedError(_("You have appealed already."))
        _check_in_time(locked)
        said = seen(words)
        if not said:
            raise RefusedError(_("Write something first."), field="words")
        suspension.appeal_words, suspension.appealed_at = said, db_now()
        suspension.save(update_fields=["appeal_words", "appealed_at"])
        record("campaign.appealed", locked, actor=by, suspension=suspension.pk)
        address = reverse("judge_campaign", args=[locked.pk])
        tell_moderators(
            locked, "campaign_appealed", suspension,
            but=suspension.suspended_by, reason=suspension.words, judge_url=address,
        )  # fmt: skip
        others = people_with(Role.MODERATOR).exclude(pk=suspension.suspended_by_id)
        if all(is_of_team(other, locked) for other in others):
            tell_who_gives_roles(suspension, what="campaign", title=locked.project.title)
    return suspension


def decide_appeal(
    campaign: Campaign, *, by: User, outcome: SuspensionOutcome, reason: str
) -> Suspension:
    """Decide on it, saying why to its creator; where it goes on, to everybody. Whoever suspended it
    may let it go on, and only another moderator refuses.
    """
    check_moderator(by)
    _check_not_own(campaign, by)
    said = _said(reason, _("Say why: its creator reads it, and everybody if it goes on."))
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        suspension = _standing(locked)
        if not suspension.waits:
            raise RefusedError(_("There is no appeal to decide."))
        if suspension.suspended_by_id == by.pk and outcome != SuspensionOutcome.LIFTED:
            raise RefusedError(_("You suspended it: only another moderator refuses the appeal."))
        suspension.outcome, suspension.answer = outcome, said
        suspension.decided_by, suspension.decided_at = by, db_now()
        if outcome == SuspensionOutcome.LIFTED:
            _let_go_on(locked, suspension, by=by, reason=said)
            record("campaign.appeal_lifted", locked, actor=by, suspension=suspension.pk)
        else:
            suspension.save()
            record("campaign.appeal_upheld", locked, actor=by, suspension=suspension.pk)
            tell_creator(locked, "own_campaign_stays_suspended", suspension, reason=said)
    return suspension


def _let_go_on(campaign: Campaign, suspension: Suspension, *, by: User, reason: str) -> None:
    """Lift the suspension, and tell the creator. The caller holds the campaign alone."""
    _check_in_time(campaign)
    suspension.lifted_by, suspension.lifted_at = by, db_now()
    suspension.save()
    advance(
        campaign, CampaignState.LIVE, CAMPAIGN_MOVES,
        actor=by, suspension_reason="", resumption_reason=reason,
    )  # fmt: skip
    act = record("campaign.resumed", campaign, actor=by)
    tell_creator(campaign, "own_campaign_resumed", act, reason=reason)


def _check_moves(campaign: Campaign, to: CampaignState) -> None:
    """Raise ``IllegalMoveError`` before anything is written for a move that there is not."""
    check_move(CAMPAIGN_MOVES, CampaignState(campaign.state), to)


def _check_in_time(campaign: Campaign) -> None:
    if db_now() >= campaign.deadline_at:
        raise RefusedError(_("Its deadline has passed: it can no longer go on."))


def _said(reason: str, asked: str) -> str:
    said = seen(reason)
    if not said:
        raise RefusedError(asked, field="reason")
    return said


def _standing(campaign: Campaign) -> Suspension:
    """Why it is suspended. The caller holds the campaign alone."""
    suspension = suspension_of(campaign)
    if suspension is None:
        raise RefusedError(_("It is not suspended."))
    return suspension


def cancel_if_suspended_too_long(campaign: Campaign) -> bool:
    """End a campaign that is suspended at its deadline: every pledge is released."""
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if locked.state != CampaignState.SUSPENDED or db_now() < locked.deadline_at:
            return False
        advance(locked, CampaignState.CANCELLED, CAMPAIGN_MOVES, actor=None)
        release_all(locked, by=None)
        tell_backers(locked, "campaign_cancelled")
    return True


def check_moderator(by: User) -> None:
    """Raise ``RefusedError`` for anybody else."""
    if not has_role(by, Role.MODERATOR):
        raise RefusedError(_("Only a moderator can do this."))


def _check_not_own(campaign: Campaign, by: User) -> None:
    """Whoever started it or writes its project looks away; they can call it off themselves."""
    if is_of_team(by, campaign):
        raise RefusedError(_("Nobody moderates their own campaign."))
