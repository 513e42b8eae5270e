"""What a campaign lacks before it may be sent for review, and what would make it better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from civicfund.audit.services import db_now
from civicfund.pledges.enums import Handover
from civicfund.pledges.models import Campaign
from civicfund.pledges.selectors import why_not_started
from civicfund.projects.enums import ProjectState
from civicfund.templatetags.money import money

SHORT_STORY = 400
LONG_CAMPAIGN = timedelta(days=60)
SHORT_CAMPAIGN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody has written of a campaign. Amounts in minor units.

    ``rewards`` has, for each, whether it says when it is delivered and whether it says more than
    its title. ``unpayable`` is why whoever runs it cannot be paid yet, empty where they can.
    """

    project_is_ready: bool
    goal_minor: int
    goal_lines_minor: tuple[int, ...]
    starts_at: datetime
    deadline_at: datetime
    story: str
    has_picture: bool
    rewards: tuple[tuple[bool, bool], ...]
    unpayable: str
    # Whether something goes by post, and nowhere is said where to.
    is_sent_nowhere: bool = False


@dataclass(frozen=True, slots=True)
class Checklist:
    """``lacks`` keeps it from its review, each with the field at fault; ``better`` is advice."""

    lacks: tuple[tuple[str, str], ...]
    better: tuple[str, ...]


def check(written: Written, *, now: datetime) -> Checklist:
    """Everything that is wrong or weak about a campaign, in words for whoever writes it."""
    return Checklist(tuple(_lacks(written, now)), tuple(_better(written)))


def checklist_of(campaign: Campaign) -> Checklist:
    """The checklist of a campaign as it is kept now."""
    now = db_now()
    offered = campaign.rewards.values_list("delivered_from", "description")
    written = Written(
        project_is_ready=campaign.project.state == ProjectState.READY,
        goal_minor=campaign.goal_minor,
        goal_lines_minor=tuple(campaign.goal_lines.values_list("amount_minor", flat=True)),
        starts_at=max(campaign.starts_at or now, now),
        deadline_at=campaign.deadline_at,
        story=campaign.project.story,
        has_picture=campaign.project.files.pictures().exists(),
        rewards=tuple((day is not None, bool(words.strip())) for day, words in offered),
        unpayable=why_not_started(campaign),
        is_sent_nowhere=campaign.rewards.filter(handover=Handover.SHIPPING).exists()
        and not campaign.shipping_zones.exists(),
    )
    return check(written, now=now)


def _lacks(written: Written, now: datetime) -> Iterator[tuple[str, str]]:
    if not written.project_is_ready:
        yield _("The project is no longer ready: nobody could pledge for it."), ""
    if written.deadline_at <= now:
        yield _("The end of the campaign is in the past."), "deadline_at"
    if written.is_sent_nowhere:
        yield _("Say where rewards are sent to, and what a backer there pays for it."), "zones"
    missing = written.goal_minor - sum(written.goal_lines_minor)
    words = (
        _("The parts of the goal lack %(amount)s. Say what all of the goal pays for.")
        if missing > 0
        else _("The parts of the goal are %(amount)s more than the goal.")
    )
    if missing:
        yield words % {"amount": money(abs(missing))}, "goal"


def _better(written: Written) -> Iterator[str]:
    if len(written.story.strip()) < SHORT_STORY:
        yield _("Tell more of the story: who you are, why it is needed, and what happens next.")
    if not written.has_picture:
        yield _("Add a picture to the project, so that people see what they pay for.")
    if len(written.goal_lines_minor) == 1:
        yield _("Say in more than one line what the goal pays for.")
    yield from _better_times(written)
    yield from _better_rewards(written)
    if written.unpayable:
        yield written.unpayable


def _better_times(written: Written) -> Iterator[str]:
    lasts = written.deadline_at - written.starts_at
    if lasts > LONG_CAMPAIGN:
        yield _("Let it end sooner: people put off what lasts longer than two months.")
    elif lasts < SHORT_CAMPAIGN:
        yield _("Let it last a week or more, so that people hear of it in time.")


def _better_rewards(written: Written) -> Iterator[str]:
    if not written.rewards:
        yield _("Think of a reward, a small one too: a name on a tile, an invitation.")
    if not all(has_day for has_day, _has_words in written.rewards):
        yield _("Say of every reward when backers are likely to have it.")
    if not all(has_words for _has_day, has_words in written.rewards):
        yield _("Say more of every reward than its title.")
