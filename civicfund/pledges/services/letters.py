"""What backers and creators are told by mail, put in the outbox with the fact it tells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.urls import reverse
from django.utils.formats import date_format

from civicfund.delivery.models import MilestoneVerdict
from civicfund.notices.enums import Topic
from civicfund.notices.services import Letter, tell, tell_all
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with
from civicfund.pledges.access import guest_token, recovery_token, survey_token
from civicfund.pledges.models import (
    Campaign,
    CampaignUpdate,
    ChargeAttempt,
    Pledge,
    SurveyReminder,
)
from civicfund.pledges.selectors import last_failure, what_to_do
from civicfund.pledges.selectors.surveys import ASKED, REMINDED
from civicfund.talk.models import Comment


def tell_backer(pledge: Pledge, kind: str, about: Model | None = None, **more: Any) -> None:
    """Write to the pledge's backer, once about each ``about`` (the pledge itself by default)."""
    tell(pledge.backer, kind, about or pledge, **_facts(pledge, pledge.campaign), **more)


def tell_backers(campaign: Campaign, kind: str, **more: Any) -> None:
    """Write to everyone whose pledge counts."""
    pledges = Pledge.objects.counted().filter(campaign=campaign).select_related("backer")
    tell_all(
        kind,
        (
            Letter(pledge.backer, pledge, _facts(pledge, campaign) | more)
            for pledge in pledges.iterator(chunk_size=1000)
        ),
    )


UPDATE, CORRECTION = "campaign_update", "campaign_correction"


def tell_of_update(
    update: CampaignUpdate, pledges: Iterable[Pledge], *, correction: Comment | None = None
) -> None:
    """Write to these backers, guests too, that there is an update, or a correction of it; once to
    each.
    """
    facts = _terms(update.campaign) | {
        "update": update.pk,
        "correction": correction and correction.pk,
        "number": update.number,
        "update_title": update.title,
    }
    tell_all(
        CORRECTION if correction else UPDATE,
        (
            Letter(
                pledge.backer,
                correction or update,
                facts | {"update_url": _address_of_update(pledge, update)},
                topic=Topic.BACKING,
            )
            for pledge in pledges
        ),
    )


def update_as_it_is(person: User, context: dict[str, Any]) -> dict[str, Any] | None:
    """What such a mail tells that waited; nothing where moderators have hidden what it is about.

    One from before an upgrade does not say what it is about, and goes as it was written.
    """
    if "update" not in context:
        return context
    updates = CampaignUpdate.objects.shown().filter(pk=context["update"])
    if correction := context.get("correction"):
        shown = Comment.objects.shown().filter(pk=correction)
        updates = updates.filter(words__in=shown.values("parent"))
    return context if updates.exists() else None


def _address_of_update(pledge: Pledge, update: CampaignUpdate) -> str:
    """Its page; for a guest, the link that lets them read it without signing in."""
    if pledge.backer.is_guest:
        return reverse("guest_update_link", args=[guest_token(pledge), update.number])
    return update.get_absolute_url()


def tell_guests_of_milestone(verdict: MilestoneVerdict, pledges: Iterable[Pledge]) -> None:
    """Write to backers without an account, who have no notices, that a milestone is reached; once
    to each address.
    """
    milestone = verdict.report.milestone
    facts = {"project": milestone.project.title, "milestone": milestone.title}
    newest = {pledge.backer.guest_email: pledge for pledge in pledges}
    tell_all(
        "milestone_reached",
        (
            Letter(
                pledge.backer,
                verdict,
                facts | {"plan_url": f"{pledge.campaign.get_absolute_url()}#plan"},
                topic=Topic.BACKING,
            )
            for pledge in newest.values()
        ),
    )


def tell_of_survey(pledges: Iterable[Pledge]) -> int:
    """Ask these backers to answer the creator's questions, once for each pledge; how many."""
    return tell_all(
        ASKED,
        (
            Letter(
                pledge.backer,
                pledge,
                _facts(pledge, pledge.campaign) | {"survey_url": _address_of_survey(pledge)},
            )
            for pledge in pledges
        ),
    )


def remind_of_survey(reminder: SurveyReminder, pledges: Iterable[Pledge]) -> int:
    """Ask these backers once more; how many."""
    return tell_all(
        REMINDED,
        (
            Letter(
                pledge.backer,
                reminder,
                _facts(pledge, pledge.campaign) | {"survey_url": _address_of_survey(pledge)},
            )
            for pledge in pledges
        ),
    )


def _address_of_survey(pledge: Pledge) -> str:
    """The page of the questions; for a guest, a link that opens them for some days."""
    if pledge.backer.is_guest:
        return reverse("survey_link", args=[survey_token(pledge)])
    return reverse("pledge_survey", args=[pledge.pk])


def tell_of_failure(pledge: Pledge, attempt: ChargeAttempt, ends: datetime) -> None:
    """Write to a backer whose card failed, once about each try: why, what to do, until when."""
    tell_backer(
        pledge,
        "charge_failed",
        attempt,
        advice=what_to_do(attempt.code, attempt.decline_code),
        ends=_local(ends, pledge.campaign.deadline_tz),
        recover_url=_link(pledge),
    )


def tell_of_days_left(pledge: Pledge, kind: str, ends: datetime) -> None:
    """Remind a backer whose card failed; once for each kind of reminder."""
    failed = last_failure(pledge)
    tell_backer(
        pledge,
        kind,
        advice=what_to_do(failed.code, failed.decline_code) if failed else "",
        ends=_local(ends, pledge.campaign.deadline_tz),
        recover_url=_link(pledge),
    )


def _link(pledge: Pledge) -> str:
    """Where its backer pays without signing in."""
    return reverse("pledge_recovery_link", args=[recovery_token(pledge)])


def _address(pledge: Pledge) -> str:
    """The pledge's page; for a guest, the link that opens it without signing in."""
    if pledge.backer.is_guest:
        return reverse("guest_pledge_link", args=[guest_token(pledge)])
    return pledge.get_absolute_url()


def tell_creator(campaign: Campaign, kind: str, about: Model | None = None, **more: Any) -> None:
    """Write to the campaign's creator, once about each ``about`` (the campaign by default)."""
    tell(campaign.creator, kind, about or campaign, **_terms(campaign), **more)


def tell_moderators(
    campaign: Campaign,
    kind: str,
    about: Model | None = None,
    *,
    but: User | None = None,
    **more: Any,
) -> None:
    """Write to every moderator but one, once about each ``about`` (the campaign by default)."""
    facts = _terms(campaign) | more
    told = (one for one in people_with(Role.MODERATOR) if one != but)
    tell_all(kind, (Letter(one, about or campaign, facts) for one in told))


def _facts(pledge: Pledge, campaign: Campaign) -> dict[str, Any]:
    return _terms(campaign) | {
        "amount_minor": pledge.amount_minor,
        "pledge_url": _address(pledge),
        "pledge_id": str(pledge.pk),
        "card": pledge.card_words,
    }


def _terms(campaign: Campaign) -> dict[str, Any]:
    return {
        "project": campaign.project.title,
        "campaign_url": campaign.get_absolute_url(),
        "goal_minor": campaign.goal_minor,
        "deadline": _local(campaign.deadline_at, campaign.deadline_tz),
    }


def _local(instant: datetime, zone: str) -> str:
    """An instant in words, in the campaign's own time."""
    return f"{date_format(instant.astimezone(ZoneInfo(zone)), 'j F Y, H:i')} ({zone})"
