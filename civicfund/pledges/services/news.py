"""What followers of campaigns, of their projects and of places are told: start, goal, outcome,
milestones; and what backers are told and written, of that and of what a creator has published.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Q

from civicfund.audit.models import Event
from civicfund.delivery.models import MilestoneVerdict
from civicfund.delivery.selectors import untold_milestones
from civicfund.notices.services import written_to
from civicfund.pledges.models import Campaign, CampaignUpdate
from civicfund.pledges.models.totals import with_totals
from civicfund.pledges.selectors.surveys import (
    due_reminders,
    pledges_to_ask,
    pledges_to_remind,
)
from civicfund.pledges.selectors.updates import (
    backers_to_tell,
    backers_told_of,
    corrected_by,
    pledges_for,
    pledges_of_mailed,
    untold_corrections,
    untold_updates,
)
from civicfund.pledges.services.letters import (
    UPDATE,
    remind_of_survey,
    tell_guests_of_milestone,
    tell_of_survey,
    tell_of_update,
)
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import Comment
from civicfund.talk.selectors import is_told, source_of, untold_events
from civicfund.talk.services.facts import Happened, Key, in_places, tell_facts

MOST_AT_ONCE = 500
_MOVES = {
    "campaign.live": NewsKind.STARTED,
    "campaign.funded": NewsKind.FUNDED,
    "campaign.unfunded": NewsKind.UNFUNDED,
    "campaign.settled": NewsKind.SETTLED,
    "campaign.settled_short": NewsKind.SETTLED_SHORT,
    "campaign.failed_short": NewsKind.FAILED_SHORT,
    "campaign.cancelled": NewsKind.CALLED_OFF,
}
# Of these its creator is written to when they happen.
_WRITTEN = frozenset(_MOVES.values()) - {NewsKind.STARTED, NewsKind.CALLED_OFF}
# A campaign that goes on after it was stopped has not started again.
_RESUMED = Q(verb="campaign.live", data__old="suspended")


def tell_of_campaigns() -> int:
    """Tell followers what is new of public campaigns; how many facts."""
    return tell_facts([*_moves(), *_goals()])


def tell_of_updates() -> int:
    """Write to backers of what creators have published, and tell followers; how many updates.

    A mail and a notice are written once, whatever dies in between.
    """
    return sum(_tell_of_update(each) for each in untold_updates()[:MOST_AT_ONCE])


def _tell_of_update(update: CampaignUpdate) -> int:
    by = update.words.author_id
    pledges = [each for each in backers_to_tell(update.campaign) if each.backer_id != by]
    tell_of_update(update, pledges)
    backers = frozenset(pledge.backer_id for pledge in pledges)
    return _tell_fact(update, NewsKind.UPDATE, f"update:{update.pk}", update.words, backers)


def _tell_fact(
    update: CampaignUpdate,
    what: NewsKind,
    source: str,
    said: Comment,
    written_to: frozenset[int],
) -> int:
    """Tell followers, but for whoever said it."""
    author = said.author_id
    heard_by = frozenset() if update.is_for_backers else _follows_of(update.campaign)
    return tell_facts(
        [
            Happened(
                (SubjectKind.UPDATE, update.pk),
                what,
                source,
                heard_by,
                by=frozenset({author} if author is not None else ()),
                written_to=written_to,
            )
        ]
    )


def tell_of_corrections() -> int:
    """Write of a correction to those who were written to of its update, and tell its followers;
    how many corrections.
    """
    told = [(each, corrected_by(each)) for each in untold_corrections()[:MOST_AT_ONCE]]
    return sum(_tell_of_correction(*each) for each in told)


def _tell_of_correction(correction: Comment, update: CampaignUpdate) -> int:
    mailed = pledges_of_mailed(update, written_to(UPDATE, update))
    tell_of_update(update, mailed, correction=correction)
    return _tell_fact(
        update,
        NewsKind.CORRECTION,
        f"correction:{correction.pk}",
        correction,
        backers_told_of(update).union(pledge.backer_id for pledge in mailed),
    )


def tell_of_milestones() -> int:
    """Tell who follows a project or its campaigns, and who backs them, that a milestone is reached;
    how many milestones. Neither who reported it is told nor who confirmed it.
    """
    return sum(_tell_of_milestone(each) for each in untold_milestones()[:MOST_AT_ONCE])


def _tell_of_milestone(verdict: MilestoneVerdict) -> int:
    project = verdict.report.milestone.project
    pledges = pledges_for(project)
    tell_guests_of_milestone(verdict, pledges.exclude(backer__guest_email=""))
    campaigns = Campaign.objects.public().filter(project=project).values_list("pk", flat=True)
    subject = (SubjectKind.PROJECT, project.pk)
    return tell_facts(
        [
            Happened(
                subject,
                NewsKind.MILESTONE,
                f"milestone:{verdict.pk}",
                frozenset({subject, *((SubjectKind.CAMPAIGN, pk) for pk in campaigns)}),
                by=frozenset({verdict.report.by_id, verdict.by_id}),
                # When it was confirmed.
                written_to=frozenset({project.proposer_id}),
                backers=frozenset(pledges.values_list("backer", flat=True)),
            )
        ]
    )


def tell_of_surveys() -> int:
    """Write to backers whose creator asks them something, also to those whose card was charged
    only later; how many.
    """
    return tell_of_survey(pledges_to_ask()[:MOST_AT_ONCE])


def remind_of_surveys() -> int:
    """Write once more to those whom a creator reminds; how many."""
    left = MOST_AT_ONCE
    for reminder in due_reminders():
        left -= remind_of_survey(reminder, pledges_to_remind(reminder)[:left])
        if left <= 0:
            break
    return MOST_AT_ONCE - left


def _follows_of(campaign: Campaign) -> frozenset[Key]:
    return _follows(campaign.pk, campaign.project_id)


def _moves() -> Iterator[Happened]:
    untold = untold_events(Campaign.objects.public(), _MOVES).exclude(_RESUMED)
    events = list(untold[:MOST_AT_ONCE])
    campaigns = (
        Campaign.objects.filter(pk__in={int(event.target_id) for event in events})
        .select_related("project__neighborhood__parent")
        .defer("project__story", "project__neighborhood__boundary")
        .in_bulk()
    )
    for event in events:
        yield _move(event, campaigns[int(event.target_id)])


def _move(event: Event, campaign: Campaign) -> Happened:
    """Of a start hears also who follows the place; of what comes after, who follows the thing.

    The creator, who follows their own project, gets no second mail, nor any of their own act.
    """
    what, project = _MOVES[event.verb], campaign.project
    subject = (SubjectKind.CAMPAIGN, campaign.pk)
    heard_by = _follows(campaign.pk, project.pk)
    if what == NewsKind.STARTED:
        heard_by |= in_places(project.neighborhood.lineage)
    return Happened(
        subject,
        what,
        source_of(event),
        heard_by,
        by=frozenset({event.actor_id} if event.actor_id else ()),
        written_to=frozenset({campaign.creator_id} if what in _WRITTEN else ()),
    )


def _follows(campaign: int, project: int) -> frozenset[Key]:
    return frozenset({(SubjectKind.CAMPAIGN, campaign), (SubjectKind.PROJECT, project)})


def _goals() -> Iterator[Happened]:
    """Once for a campaign, however often pledges are taken back and made good."""
    waiting = Campaign.objects.live().filter(~is_told("goal"))
    reached = with_totals(waiting).alias(short_by=F("goal_minor") - F("pledged_minor"))
    found = reached.filter(short_by__lte=0).order_by("pk").values_list("pk", "project")
    for pk, project in found[:MOST_AT_ONCE]:
        subject = (SubjectKind.CAMPAIGN, pk)
        yield Happened(subject, NewsKind.GOAL, f"goal:{pk}", _follows(pk, project))
