"""What must hold of the whole town and should have happened by now; its news and its dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from budgeting.enums import CycleState, PhaseKind
from budgeting.models import Cycle, Option, Phase, Proposal
from budgeting.selectors import PotResult, my_participations, results_of
from budgeting.services.closing import closing_late
from budgeting.services.paper import paper_without_key
from budgeting.services.urns import open_without_key
from civicfund.calendars import Event
from civicfund.ledger.domain import project_award
from civicfund.ledger.selectors import Invariant, balances_of
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.payments.selectors import orphan_count, overdue_events
from civicfund.payouts.selectors import invariants as laws_of_payouts
from civicfund.people.models import Residency, User
from civicfund.people.selectors import documents_overdue
from civicfund.places.models import Neighborhood
from civicfund.pledges.enums import PRIVATE_CAMPAIGN
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.selectors import newest_campaigns
from civicfund.pledges.selectors.laws import invariants as laws_of_pledges
from civicfund.pledges.selectors.laws import overdue
from civicfund.projects.access import authored_by
from civicfund.projects.enums import ProjectState
from civicfund.projects.models import Project
from civicfund.reconciliation.selectors import difference_count, is_overdue
from civicfund.reconciliation.selectors import invariants as laws_of_corrections
from civicfund.talk.access import Subject
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment
from civicfund.talk.selectors import untold
from civicfund.templatetags.prose import plain
from civicfund.words import seen

COMPARED_WITHIN = 50  # hours: a night may fail once


def laws() -> list[Invariant]:
    """Every law of docs/money.md, one query each or two: what breaks it, empty while it holds."""
    return [*laws_of_the_books(), *laws_of_pledges(), *laws_of_payouts(), *laws_of_corrections()]


def alarms() -> dict[str, int]:
    """How much is late that a worker should have done, by what it is: zeros while all is well."""
    return {
        **{law.name: len(law.broken_by) for law in overdue()},
        "provider events that wait longer than ten minutes": overdue_events(minutes=10),
        "payments at the provider that fit nothing of ours": orphan_count(),
        "movements that the provider and our books tell differently": difference_count(),
        "votes that should have closed ten minutes ago": len(closing_late(minutes=10)),
        "open votes whose slot key is missing: nobody can vote": len(open_without_key()),
        "documents about homes that should be gone": documents_overdue(minutes=10),
        "votes whose key of paper ballots is missing: none can be keyed": len(paper_without_key()),
        "comments that nobody was told of": untold(minutes=10),
        "comparisons with the provider that are overdue": int(is_overdue(hours=COMPARED_WITHIN)),
    }


@dataclass(frozen=True, slots=True)
class Winner:
    """What a vote decided for, and what became of it. Amounts in minor units."""

    option: Option
    project: Project | None
    # Of what it was awarded, what the town has not paid out yet.
    owed_minor: int
    campaign: Campaign | None


def decided_in(cycle: Cycle) -> list[tuple[PotResult, list[Winner]]]:
    """The outcome of each pot of a cycle whose outcome is public, with what became of winners."""
    results = results_of(cycle)
    won = [each.option.pk for result in results for each in result.winners]
    options = Option.objects.filter(pk__in=won).select_related("proposal__project")
    projects = {each.pk: each.proposal.project for each in options if each.proposal}
    pks = {project.pk for project in projects.values()}
    owed = balances_of([project_award(pk) for pk in pks])
    campaigns = newest_campaigns(pks)

    def winner(option: Option) -> Winner:
        project = projects.get(option.pk)
        if project is None:
            return Winner(option, None, 0, None)
        left = -owed.get(project_award(project.pk), 0)
        campaign = campaigns.get(project.pk)
        return Winner(option, project, max(0, min(left, option.cost_minor)), campaign)

    return [(result, [winner(each.option) for each in result.winners]) for result in results]


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
        newest = _projects_in(subject.pk).order_by("-created_at", "-pk")[:MOST_ENTRIES]
        return [_entry_of_project(project) for project in newest]
    entries = [*_said(subject)]
    if subject.kind == SubjectKind.CYCLE:
        entries += _begun(subject)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST_ENTRIES]


def _entry_of_project(project: Project) -> Entry:
    words = plain(seen(project.summary))
    return Entry(project.title, project.get_absolute_url(), project.created_at, words)


def _begun(cycle: Subject) -> list[Entry]:
    begun = Phase.objects.filter(cycle=cycle.pk, starts_at__lte=Now())
    words = _("Begins: %(phase)s")
    return [
        Entry(words % {"phase": each.get_kind_display()}, cycle.url, each.starts_at)
        for each in begun
    ]


def _said(subject: Subject) -> Iterable[Entry]:
    about = Comment.objects.filter(thread__kind=subject.kind, thread__subject_id=subject.pk)
    for comment in about.shown().select_related("author").order_by("-id")[:MOST_ENTRIES]:
        yield Entry(
            title=_title(comment),
            url=comment.get_absolute_url(),
            at=comment.created_at,
            html=plain(comment.body),
            author=str(comment.author or _("Somebody who has left")),
        )


def _title(comment: Comment) -> str:
    if comment.is_official:
        return _("An answer of the city")
    if comment.asks_city:
        return _("A question to the city")
    return _("An answer") if comment.parent_id else _("A comment")


def _projects_in(place: int) -> QuerySet[Project]:
    within = Neighborhood.objects.within(Neighborhood.objects.get(pk=place))
    return Project.objects.listed().filter(neighborhood__in=within)


def dates_of(subject: Subject) -> list[Event]:
    """The dates of a thing, the first coming first: phases of a cycle, ends of live campaigns."""
    if subject.kind == SubjectKind.CYCLE:
        return [
            _date_of_phase(phase)
            for phase in Phase.objects.filter(cycle=subject.pk).select_related("cycle")
        ]
    live = Campaign.objects.live().select_related("project").order_by("deadline_at", "pk")
    if subject.kind == SubjectKind.CAMPAIGN:
        return [_last_hour(each) for each in live.filter(pk=subject.pk)]
    if subject.kind == SubjectKind.PROJECT:
        return [_last_hour(each) for each in live.filter(project=subject.pk)]
    here = live.filter(project__in=_projects_in(subject.pk))
    running = Phase.objects.filter(cycle__in=Cycle.objects.running()).select_related("cycle")
    dates = [*map(_date_of_phase, running), *map(_last_hour, here)]
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


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing that somebody could do now: why, and the page where it is done."""

    why: str
    words: str
    url: str


def next_step(user: User, home: Residency | None) -> NextStep:
    """What waits for somebody, the most pressing first: money, a vote, their home, a draft."""
    return (
        _card_to_mend(user)
        or _ballot_to_cast(user)
        or _home_to_say(home)
        or _draft_to_publish(user)
        or NextStep(
            _("Nothing waits for you."),
            _("See which projects look for help"),
            reverse("help_wanted"),
        )
    )


def _card_to_mend(user: User) -> NextStep | None:
    failed = Pledge.objects.failed().filter(backer=user).select_related("campaign__project")
    pledge = failed.order_by("recovery_ends_at", "pk").first()
    if pledge is None:
        return None
    why = _("Your card failed for “%(project)s”, and you can still make good.")
    said = why % {"project": pledge.campaign.project.title}
    return NextStep(said, _("Go to my pledge"), pledge.get_absolute_url())


def _ballot_to_cast(user: User) -> NextStep | None:
    voting = Phase.objects.current().filter(kind=PhaseKind.BALLOTING, cycle__state=CycleState.OPEN)
    mine = voting.filter(cycle__roll__claimed_by=user).exclude(
        cycle__in=my_participations(user).order_by().values("cycle")
    )
    phase = mine.select_related("cycle").order_by("ends_at", "pk").first()
    if phase is None:
        return None
    said = _("You can vote in %(cycle)s and have not yet.") % {"cycle": phase.cycle.title}
    return NextStep(said, _("Go to my ballot"), reverse("ballot", args=[phase.cycle.slug]))


def _home_to_say(home: Residency | None) -> NextStep | None:
    if home is None:
        said = _("We do not know which neighborhood is yours: it decides which ballots you get.")
        return NextStep(said, _("Say where I live"), reverse("residency"))
    if home.proved_at is None:
        said = _("Your home is not confirmed: until then you cannot vote.")
        return NextStep(said, _("See how it is confirmed"), reverse("residency"))
    return None


def _draft_to_publish(user: User) -> NextStep | None:
    drafts = Project.objects.filter(authored_by(user), state=ProjectState.DRAFT)
    draft = drafts.order_by("-updated_at", "-pk").first()
    if draft is None:
        return None
    said = _("“%(project)s” is a draft that nobody else sees.") % {"project": draft.title}
    return NextStep(said, _("Go on with it"), draft.get_absolute_url())


def with_what_came_of_it(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Each with its public proposals and campaigns, the newest first: two queries for all."""
    proposals = Proposal.objects.filter(cycle__in=Cycle.objects.public()).select_related("cycle")
    campaigns = Campaign.objects.exclude(state__in=PRIVATE_CAMPAIGN)
    return projects.prefetch_related(
        Prefetch("proposals", proposals.order_by("-pk"), to_attr="came_to_ballots"),
        Prefetch("campaigns", campaigns.order_by("-pk"), to_attr="came_to_campaigns"),
    )
