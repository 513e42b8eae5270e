"""Campaigns that moderators stop for a while, and what people tell them."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.pledges.access import is_of_team
from civicfund.pledges.enums import CAMPAIGN_MOVES, CampaignState
from civicfund.pledges.models import Campaign, CampaignReport
from civicfund.pledges.services.campaigns import release_all
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.letters import tell_backers, tell_creator
from civicfund.pledges.services.locks import campaign_to_move
from civicfund.words import seen


def report_campaign(
    campaign: Campaign, *, reason: str, words: str = "", by: User | None
) -> CampaignReport:
    """Tell the moderators what is wrong with a campaign. Raises ``RefusedError`` where the same
    person has told them already and nobody has looked yet.
    """
    try:
        with transaction.atomic():
            return CampaignReport.objects.create(
                campaign=campaign, reporter=by, reason=reason, words=words.strip()
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
    said = seen(reason)
    if not said:
        raise RefusedError(_("Say why it is suspended: everybody reads it."), field="reason")
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        advance(
            locked, CampaignState.SUSPENDED, CAMPAIGN_MOVES,
            actor=by, suspension_reason=said, resumption_reason="",
        )  # fmt: skip
        act = record("campaign.stopped", locked, actor=by)
        tell_creator(locked, "own_campaign_suspended", act, reason=said)
    return locked


def resume_campaign(campaign: Campaign, *, by: User, reason: str) -> Campaign:
    """Let somebody else's suspended campaign go on until its deadline, publicly saying why."""
    check_moderator(by)
    _check_not_own(campaign, by)
    said = seen(reason)
    if not said:
        raise RefusedError(_("Say why it may go on: everybody reads it."), field="reason")
    with transaction.atomic():
        locked = campaign_to_move(campaign.pk)
        if db_now() >= locked.deadline_at:
            raise RefusedError(_("Its deadline has passed: it can no longer go on."))
        advance(
            locked, CampaignState.LIVE, CAMPAIGN_MOVES,
            actor=by, suspension_reason="", resumption_reason=said,
        )  # fmt: skip
        act = record("campaign.resumed", locked, actor=by)
        tell_creator(locked, "own_campaign_resumed", act, reason=said)
    return locked


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
