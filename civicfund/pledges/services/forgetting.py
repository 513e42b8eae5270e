"""What becomes of somebody's pledges and campaigns when they are erased."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from civicfund.audit.services import record
from civicfund.payments.models import Payer
from civicfund.people.models import User
from civicfund.pledges.enums import (
    CHANGEABLE_PLEDGE,
    EDITABLE_CAMPAIGN,
    FINISHED_CAMPAIGN,
    OWED_PLEDGE,
    CampaignState,
    PledgeState,
)
from civicfund.pledges.models import Campaign, CampaignReport, Pledge, SurveyAnswer, Suspension
from civicfund.pledges.services.locks import campaign_to_move
from civicfund.projects.services.forgetting import heir_of


def why_pledges_keep(person: User) -> Iterator[str]:
    """What somebody promised and has not paid, and campaigns that others have pledged to."""
    for pledge in Pledge.objects.filter(backer=person).select_related("campaign__project"):
        if words := _why_unsettled(pledge):
            yield words % {"project": pledge.campaign.project.title}
    running = Campaign.objects.filter(creator=person).exclude(
        state__in=[*FINISHED_CAMPAIGN, CampaignState.DRAFT, CampaignState.CHANGES_REQUESTED]
    )
    for campaign in running.select_related("project"):
        words = _("You run the campaign of “%(project)s”. Cancel it, or wait until it is over.")
        yield words % {"project": campaign.project.title}


def _why_unsettled(pledge: Pledge) -> str:
    if pledge.state in CHANGEABLE_PLEDGE:
        return _("You have pledged to “%(project)s”. Cancel the pledge, or wait until it is over.")
    if pledge.state in OWED_PLEDGE:
        return _("Your pledge to “%(project)s” is being collected. Wait until that is over.")
    if pledge.state == PledgeState.DISPUTED:
        return _("Your bank disputes what you paid for “%(project)s”. Wait until it has decided.")
    return ""


def forget_backer(person: User) -> None:
    """Pledges, consents and charges stay, by a former resident whom no page names; answers to
    surveys and words of appeals go. A campaign that was not sent in goes with its project to a
    co-author.

    The caller is in a transaction and holds the person.
    """
    Pledge.objects.filter(backer=person).update(show_name=False)
    SurveyAnswer.objects.filter(pledge__backer=person).delete()
    CampaignReport.objects.filter(reporter=person).update(reporter=None, words="")
    Suspension.objects.filter(campaign__creator=person).update(appeal_words="")
    Payer.objects.filter(user=person).delete()
    for campaign in Campaign.objects.filter(creator=person, state__in=EDITABLE_CAMPAIGN):
        _hand_on(campaign, person)


def _hand_on(campaign: Campaign, person: User) -> None:
    """Whoever is to propose the project could raise no money beside a campaign that is nobody's."""
    locked = campaign_to_move(campaign.pk)
    heir = heir_of(locked.project)
    if heir is not None and locked.state in EDITABLE_CAMPAIGN:
        Campaign.objects.filter(pk=locked.pk).update(creator=heir.user_id)
        record("campaign.handed_on", locked, actor=person, to=heir.user_id)
