"""What is new about a subject, and its dates."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import Now
from django.utils.timezone import localdate, make_aware
from django.utils.translation import gettext as _

from budgeting.models import Cycle, Phase, PhaseMove, Proposal, VerdictPublication
from civicfund.calendars import Event
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import milestones_to_come
from civicfund.moments import moment
from civicfund.places.selectors import ids_within, related_places
from civicfund.pledges.enums import Audience
from civicfund.pledges.models import Campaign, CampaignUpdate
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project, ProjectQuerySet
from civicfund.talk.access import Subject
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.models import Comment, Fact
from civicfund.templatetags.prose import plain
from civicfund.town.selectors.places import has_money

MOST_ENTRIES = 50
MOST_DATES = 200
# What is told of each and stands in its feed: nothing of how a vote or a campaign stands.
_PROJECT = (
    NewsKind.MERGED,
    NewsKind.FEASIBLE,
    NewsKind.NOT_FEASIBLE,
    NewsKind.TOO_FEW,
    NewsKind.ON_BALLOT,
    NewsKind.OFF_BALLOT,
    NewsKind.NOT_DECIDED,
    NewsKind.LEFT_OFF,
    NewsKind.VOTE_OFF,
    NewsKind.SELECTED,
    NewsKind.NOT_SELECTED,
    NewsKind.MILESTONE,
)
_CYCLE = (NewsKind.RESULTS, NewsKind.CALLED_OFF)
_CAMPAIGN = (
    NewsKind.STARTED,
    NewsKind.FUNDED,
    NewsKind.UNFUNDED,
    NewsKind.SETTLED,
    NewsKind.SETTLED_SHORT,
    NewsKind.FAILED_SHORT,
    NewsKind.CALLED_OFF,
)
_TOLD = {
    SubjectKind.PROJECT: _PROJECT,
    SubjectKind.CYCLE: _CYCLE,
    SubjectKind.CAMPAIGN: _CAMPAIGN,
}
_OF_A_VOTE = (NewsKind.PROPOSING_BEGINS, NewsKind.VOTING_BEGINS, *_CYCLE)
_OF_A_CAMPAIGN = (NewsKind.STARTED, NewsKind.FUNDED, NewsKind.UNFUNDED, NewsKind.CALLED_OFF)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something new in a feed; ``html`` is safe to show."""

    title: str
    url: str
    at: datetime
    html: str = ""
    author: str = ""


def entries_of(subject: Subject) -> list[Entry]:
    """What is new about a thing, newest first: public facts, and nothing about choices or sums."""
    if subject.kind == SubjectKind.NEIGHBORHOOD:
        return _newest([*_projects(subject), *_campaigns(subject), *_votes(subject)])
    entries = [*_said(subject), *_happened(subject)]
    if subject.kind == SubjectKind.CYCLE:
        entries += [*_begun(subject), *_moved(subject)]
    if subject.kind == SubjectKind.CAMPAIGN:
        entries += _updates(subject)
    return _newest(entries)


def _newest(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST_ENTRIES]


def _happened(subject: Subject) -> list[Entry]:
    """What its followers were told of it; that it was merged only while it is."""
    facts = Fact.objects.filter(
        thread__kind=subject.kind,
        thread__subject_id=subject.pk,
        what__in=_TOLD.get(subject.kind, ()),
    )
    if subject.kind == SubjectKind.PROJECT:
        merged = Project.objects.filter(pk=subject.pk, state=ProjectState.MERGED)
        facts = facts.filter(~Q(what=NewsKind.MERGED) | Exists(merged))
    return [
        Entry(str(fact.get_what_display()), _page_of(fact, subject.url), fact.at)
        for fact in facts.order_by("-pk")[:MOST_ENTRIES]
    ]


def _page_of(fact: Fact, url: str) -> str:
    """A feed reader takes what has the same address for the same."""
    return f"{url}#fact-{fact.pk}"


def _projects(place: Subject) -> list[Entry]:
    newest = _projects_in(place.pk).order_by("-published_at", "-pk")[:MOST_ENTRIES]
    return [_entry_of_project(project) for project in newest]


def _campaigns(place: Subject) -> list[Entry]:
    """Starts and ends of campaigns of the projects there."""
    here = Campaign.objects.public().filter(project__in=_projects_in(place.pk)).order_by()
    told = _newest_facts(SubjectKind.CAMPAIGN, here.values("pk"), _OF_A_CAMPAIGN)
    rows = here.select_related("project").in_bulk({fact.thread.subject_id for fact in told})
    return [_named(fact, rows[fact.thread.subject_id]) for fact in told]


def _votes(place: Subject) -> list[Entry]:
    """Of votes on money for what lies there or around it: when one can act, and the end."""
    here = Cycle.objects.public().at(related_places([place.pk])[place.pk])
    told = _newest_facts(SubjectKind.CYCLE, here.order_by().values("pk"), _OF_A_VOTE)
    rows = Cycle.objects.in_bulk({fact.thread.subject_id for fact in told})
    return [_named(fact, rows[fact.thread.subject_id]) for fact in told]


def _newest_facts(
    kind: SubjectKind, subjects: QuerySet[Any, Any], what: Collection[NewsKind]
) -> list[Fact]:
    facts = Fact.objects.filter(
        thread__kind=kind, thread__subject_id__in=subjects, what__in=what
    ).select_related("thread")
    return list(facts.order_by("-pk")[:MOST_ENTRIES])


def _named(fact: Fact, about: Campaign | Cycle) -> Entry:
    name = about.project.title if isinstance(about, Campaign) else about.title
    title = _("%(what)s: %(name)s") % {"what": fact.get_what_display(), "name": name}
    return Entry(title, _page_of(fact, about.get_absolute_url()), fact.at)


def _entry_of_project(project: Project) -> Entry:
    words = plain(project.summary)
    at = project.published_at or project.created_at  # every public one has the first
    return Entry(project.title, project.get_absolute_url(), at, words)


def _begun(cycle: Subject) -> list[Entry]:
    begun = Phase.objects.filter(cycle=cycle.pk, starts_at__lte=Now())
    words = _("Begins: %(phase)s")
    return [
        Entry(
            words % {"phase": each.get_kind_display()},
            f"{cycle.url}#phase-{each.pk}",
            each.starts_at,
        )
        for each in begun
    ]


def _moved(cycle: Subject) -> list[Entry]:
    """Phases that two people made later, and why."""
    words = _("Later than was said: %(phase)s, now from %(start)s to %(end)s")
    return [
        Entry(
            title=words
            % {
                "phase": each.get_kind_display(),
                "start": moment(each.to_starts_at),
                "end": moment(each.to_ends_at),
            },
            url=f"{cycle.url}#move-{each.pk}",
            at=each.at,
            html=plain(each.reason),
        )
        for each in PhaseMove.objects.filter(cycle=cycle.pk).order_by("-pk")[:MOST_ENTRIES]
    ]


def _updates(campaign: Subject) -> list[Entry]:
    """Those for everybody."""
    rows = CampaignUpdate.objects.shown().filter(campaign=campaign.pk, audience=Audience.ALL)
    return [
        Entry(
            title=_("Update %(number)s: %(title)s") % {"number": each.number, "title": each.title},
            url=each.get_absolute_url(),
            at=each.published_at,
            html=plain(each.words.body),
            author=str(each.words.author or _("Somebody who has left")),
        )
        for each in rows.whole().order_by("-pk")[:MOST_ENTRIES]
    ]


def _said(subject: Subject) -> Iterable[Entry]:
    about = Comment.objects.filter(thread__kind=subject.kind, thread__subject_id=subject.pk)
    for comment in about.shown().select_related("author", "parent").order_by("-id")[:MOST_ENTRIES]:
        yield Entry(
            title=_title(comment),
            url=comment.get_absolute_url(),
            at=comment.created_at,
            html=plain(comment.body),
            author=str(comment.author or _("Somebody who has left")),
        )


def _title(comment: Comment) -> str:
    if comment.is_for_city:
        return _("An answer of the city")
    if comment.is_of_creator:
        return _("An answer of the creator")
    if comment.is_correction:
        return _("A correction")
    if comment.asks_city:
        return _("A question to the city")
    if comment.asks_creator:
        return _("A question to the creator")
    return _("An answer") if comment.parent_id else _("A comment")


def _projects_in(place: int) -> ProjectQuerySet:
    return Project.objects.listed().filter(neighborhood__in=ids_within(place))


def dates_of(subject: Subject) -> list[Event]:
    """The dates of a thing, the first coming first: phases of a cycle, its verdicts and the end of
    appeals; ends of live campaigns; milestones that are not reached.

    A place has those of the open cycles with money for what lies in it or around it, as on its
    page, and of the projects in it, milestones only of those that are being built, as there, and
    from today on; a project those of the open cycles that it is in, and all of its milestones.
    """
    if subject.kind == SubjectKind.CYCLE:
        return _in_order(_dates_of_cycles(Cycle.objects.filter(pk=subject.pk)))
    live = Campaign.objects.live().select_related("project").order_by("deadline_at", "pk")
    if subject.kind == SubjectKind.CAMPAIGN:
        return [_last_hour(each) for each in live.filter(pk=subject.pk)]
    running = Cycle.objects.running()
    if subject.kind == SubjectKind.PROJECT:
        entered = Proposal.objects.standing().filter(project=subject.pk)
        cycles = running.filter(pk__in=entered.values("cycle"))
        projects = Project.objects.filter(pk=subject.pk)
        work = milestones_to_come(projects)
    else:
        cycles = running.at(related_places([subject.pk])[subject.pk])
        projects = _projects_in(subject.pk)
        work = milestones_to_come(projects.filter(has_money())).filter(due_on__gte=localdate())
    of_work = map(_date_of_milestone, work[:MOST_DATES])
    ends = map(_last_hour, live.filter(project__in=projects))
    return _in_order([*_dates_of_cycles(cycles), *ends, *of_work])


def _in_order(dates: list[Event]) -> list[Event]:
    return sorted(dates, key=lambda event: (_begins(event), event.uid))


def _begins(event: Event) -> datetime:
    """A whole day begins at midnight of the town."""
    if isinstance(event.starts_at, datetime):
        return event.starts_at
    return make_aware(datetime.combine(event.starts_at, time.min))


def _dates_of_cycles(cycles: QuerySet[Cycle]) -> list[Event]:
    keys = cycles.order_by().values("pk")
    phases = Phase.objects.filter(cycle__in=keys).select_related("cycle")
    verdicts = VerdictPublication.objects.filter(cycle__in=keys).select_related("cycle")
    dates = [_date_of_phase(phase) for phase in phases]
    for each in verdicts:
        dates += [_date_of_verdicts(each), _end_of_appeals(each)]
    return dates


def _date_of_phase(phase: Phase) -> Event:
    return Event(
        uid=f"phase-{phase.pk}@{_host()}",
        title=_("%(cycle)s: %(phase)s")
        % {"cycle": phase.cycle.title, "phase": phase.get_kind_display()},
        url=f"{settings.SITE_URL}{phase.cycle.get_absolute_url()}",
        starts_at=phase.starts_at,
        ends_at=phase.ends_at,
    )


def _date_of_verdicts(verdicts: VerdictPublication) -> Event:
    return Event(
        uid=f"verdicts-{verdicts.pk}@{_host()}",
        title=_("%(cycle)s: The verdicts of the review are published")
        % {"cycle": verdicts.cycle.title},
        url=f"{settings.SITE_URL}{verdicts.cycle.get_absolute_url()}",
        starts_at=verdicts.at,
    )


def _end_of_appeals(verdicts: VerdictPublication) -> Event:
    return Event(
        uid=f"appeals-{verdicts.pk}@{_host()}",
        title=_("%(cycle)s: Last hour to appeal") % {"cycle": verdicts.cycle.title},
        url=f"{settings.SITE_URL}{verdicts.cycle.get_absolute_url()}",
        starts_at=verdicts.appeals_until - timedelta(hours=1),
        ends_at=verdicts.appeals_until,
    )


def _date_of_milestone(milestone: Milestone) -> Event:
    project = milestone.project
    return Event(
        uid=f"milestone-{milestone.pk}@{_host()}",
        title=_("%(project)s: %(milestone)s")
        % {"project": project.title, "milestone": milestone.title},
        url=f"{settings.SITE_URL}{project.get_absolute_url()}#plan",
        starts_at=milestone.due_on,
    )


def _last_hour(campaign: Campaign) -> Event:
    return Event(
        uid=f"campaign-{campaign.pk}@{_host()}",
        title=_("Last hour to pledge: %(project)s") % {"project": campaign.project.title},
        url=f"{settings.SITE_URL}{campaign.get_absolute_url()}",
        starts_at=campaign.deadline_at - timedelta(hours=1),
        ends_at=campaign.deadline_at,
    )


def _host() -> str:
    return settings.SITE_URL.split("//")[-1].split(":")[0]
