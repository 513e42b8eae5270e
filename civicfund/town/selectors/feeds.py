"""What is new about a subject, and its dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from budgeting.models import Cycle, Phase, Proposal
from civicfund.calendars import Event
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import related_places
from civicfund.pledges.enums import Audience
from civicfund.pledges.models import Campaign, CampaignUpdate
from civicfund.projects.models import Project
from civicfund.talk.access import Subject
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment
from civicfund.templatetags.prose import plain

MOST_ENTRIES = 50


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
        newest = _projects_in(subject.pk).order_by("-published_at", "-pk")[:MOST_ENTRIES]
        return [_entry_of_project(project) for project in newest]
    entries = [*_said(subject)]
    if subject.kind == SubjectKind.CYCLE:
        entries += _begun(subject)
    if subject.kind == SubjectKind.CAMPAIGN:
        entries += _updates(subject)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST_ENTRIES]


def _entry_of_project(project: Project) -> Entry:
    words = plain(project.summary)
    at = project.published_at or project.created_at  # every public one has the first
    return Entry(project.title, project.get_absolute_url(), at, words)


def _begun(cycle: Subject) -> list[Entry]:
    begun = Phase.objects.filter(cycle=cycle.pk, starts_at__lte=Now())
    words = _("Begins: %(phase)s")
    return [
        Entry(words % {"phase": each.get_kind_display()}, cycle.url, each.starts_at)
        for each in begun
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


def _projects_in(place: int) -> QuerySet[Project]:
    within = Neighborhood.objects.within(Neighborhood.objects.get(pk=place))
    return Project.objects.listed().filter(neighborhood__in=within)


def dates_of(subject: Subject) -> list[Event]:
    """The dates of a thing, the first coming first: phases of a cycle, ends of live campaigns.

    A place has those of the open cycles with money for what lies in it or around it, as on its
    page; a project those of the open cycles that it is in.
    """
    if subject.kind == SubjectKind.CYCLE:
        return [
            _date_of_phase(phase)
            for phase in Phase.objects.filter(cycle=subject.pk).select_related("cycle")
        ]
    live = Campaign.objects.live().select_related("project").order_by("deadline_at", "pk")
    if subject.kind == SubjectKind.CAMPAIGN:
        return [_last_hour(each) for each in live.filter(pk=subject.pk)]
    running = Cycle.objects.running()
    if subject.kind == SubjectKind.PROJECT:
        entered = Proposal.objects.standing().filter(project=subject.pk)
        cycles = running.filter(pk__in=entered.values("cycle"))
        campaigns = live.filter(project=subject.pk)
    else:
        cycles = running.at(related_places([subject.pk])[subject.pk])
        campaigns = live.filter(project__in=_projects_in(subject.pk))
    phases = Phase.objects.filter(cycle__in=cycles).select_related("cycle")
    dates = [*map(_date_of_phase, phases), *map(_last_hour, campaigns)]
    return sorted(dates, key=lambda event: (event.starts_at, event.uid))


def _date_of_phase(phase: Phase) -> Event:
    return Event(
        uid=f"phase-{phase.pk}@{_host()}",
        title=f"{phase.cycle.title}: {phase.get_kind_display()}",
        url=f"{settings.SITE_URL}{phase.cycle.get_absolute_url()}",
        starts_at=phase.starts_at,
        ends_at=phase.ends_at,
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
