"""What waits for a member of the staff, desk by desk: how much, since when, until when.

Only what they may act on: not what they asked for themselves, nor what is about something of
theirs, as far as a count can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import CharField, Count, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from budgeting.models import Review
from budgeting.selectors import voting_ahead
from budgeting.selectors.waiting import (
    AskedOnCycle,
    asked_on_cycles,
    reviews_for,
    reviews_of_nobody,
    to_certify,
)
from civicfund.audit.models import ActRequest, Event
from civicfund.audit.services import db_now
from civicfund.complaints.selectors import queue_for
from civicfund.delivery.selectors import waiting_reports
from civicfund.payments.models import Orphan
from civicfund.payouts.enums import NEEDS_SOMEBODY, Method, PayoutState, ReversalState
from civicfund.payouts.models import Payout, Reversal
from civicfund.payouts.selectors import accounts_to_approve
from civicfund.people.access import may_give_roles
from civicfund.people.enums import Role
from civicfund.people.models import ResidenceDocument, RoleRequest, User
from civicfund.people.selectors import DECIDE, roles_of
from civicfund.pledges.enums import BatchState, CampaignState, RefundState
from civicfund.pledges.models import (
    Campaign,
    CampaignReport,
    Refund,
    RefundBatch,
    Suspension,
)
from civicfund.pledges.selectors.treasury import open_disputes
from civicfund.projects.access import authored_by
from civicfund.projects.models import Project
from civicfund.projects.selectors.moderation import flagged_projects, project_appeals_for
from civicfund.reconciliation.enums import ExplanationState
from civicfund.reconciliation.models import Difference, Explanation
from civicfund.staff import SUPERUSER
from civicfund.talk.selectors.desks import appeals_for, flagged_comments, open_questions
from civicfund.talk.selectors.pauses import pause_appeals_for

# Whose desk, the name of its page, and the address of its cycle.
Desk: TypeAlias = tuple[Role | str, str, str]
Find: TypeAlias = "Callable[[User], Iterator[Found]]"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at one desk: how much, the oldest of it since when, the first until when."""

    role: Role | str  # or ``staff.SUPERUSER``
    page: str
    number: int
    words: str
    since: datetime | None = None
    until: datetime | None = None
    # The address of the cycle, for a desk of one.
    slug: str = ""

    @property
    def desk(self) -> Desk:
        """Which one it is."""
        return self.role, self.page, self.slug

    @property
    def address(self) -> str:
        """The desk's."""
        return reverse(self.page, args=[self.slug] if self.slug else [])


@dataclass(frozen=True, slots=True)
class Found:
    """Some of what waits at a desk."""

    number: int = 0
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def among(cls, rows: QuerySet[Any], since: str, until: str = "") -> Found:
        """How many rows there are, and the first instant of a column of theirs."""
        sums = {"in_all": Count("pk"), "oldest": Min(since)}
        if until:
            sums["first"] = Min(until)
        found = rows.order_by().aggregate(**sums)
        return cls(found["in_all"], found["oldest"], found.get("first"))

    @classmethod
    def sum_of(cls, parts: Iterable[Found]) -> Found:
        """All of it together."""
        some = [part for part in parts if part.number]
        return cls(
            sum(part.number for part in some),
            min((part.since for part in some if part.since), default=None),
            min((part.until for part in some if part.until), default=None),
        )


def waiting_for(person: User) -> list[Waiting]:
    """Every desk of somebody's at which something waits for them now; constant queries."""
    roles = roles_of(person)
    return [*_of_the_town(person, roles), *_of_cycles(person, roles)]


def _of_the_town(person: User, roles: set[str]) -> Iterator[Waiting]:
    for role, page, words, find in _DESKS:
        if role in roles or (role == SUPERUSER and may_give_roles(person)):
            found = Found.sum_of(find(person))
            if found.number:
                yield Waiting(role, page, found.number, str(words), found.since, found.until)


def _payouts(treasurer: User) -> Iterator[Found]:
    waits = Q(state=PayoutState.WAITING) & ~Q(requested_by=treasurer)
    waits |= Q(state=PayoutState.APPROVED, method=Method.BANK)
    waits |= Q(state=PayoutState.APPROVED, failure_code__in=NEEDS_SOMEBODY)
    yield Found.among(Payout.objects.filter(waits), "created_at")
    back = Reversal.objects.filter(state=ReversalState.WAITING).exclude(requested_by=treasurer)
    yield Found.among(back, "created_at")
    yield Found.among(accounts_to_approve().exclude(user=treasurer), "created_at")


def _treasury(treasurer: User) -> Iterator[Found]:
    asked = Q(state=RefundState.WAITING) & ~Q(requested_by=treasurer)
    failed = Q(pk__in=Refund.objects.left_failed().order_by().values("pk"))
    yield Found.among(Refund.objects.filter(asked | failed), "created_at")
    batches = RefundBatch.objects.filter(state=BatchState.WAITING)
    yield Found.among(batches.exclude(requested_by=treasurer), "created_at")
    yield Found.among(open_disputes(), "opened_at", "evidence_due_at")
    yield Found.among(Orphan.objects.filter(review__isnull=True), "found_at")


def _differences(treasurer: User) -> Iterator[Found]:
    asked = Explanation.objects.filter(state=ExplanationState.WAITING, requested_by=treasurer)
    differing = Difference.objects.filter(ended_at__isnull=True)
    yield Found.among(differing.exclude(pk__in=asked.values("difference")), "found_at")


def _milestones(person: User) -> Iterator[Found]:
    yield Found.among(waiting_reports().exclude(milestone__project__in=_written_by(person)), "at")


def _submitted(reviewer: User) -> Iterator[Found]:
    since = Event.objects.filter(
        target_type=Campaign._meta.label_lower,
        target_id=Cast(OuterRef("pk"), CharField()),
        verb="campaign.submitted",
    )
    latest = since.order_by("-id").values("at")[:1]
    rows = _campaigns_of_others(Campaign.objects.all(), reviewer, "")
    submitted = rows.filter(state=CampaignState.SUBMITTED)
    yield Found.among(submitted.annotate(sent_at=Subquery(latest)), "sent_at")


def _reported(moderator: User) -> Iterator[Found]:
    reports = CampaignReport.objects.filter(handled_at__isnull=True)
    reports = reports.exclude(campaign__state=CampaignState.DRAFT)
    yield Found.among(_campaigns_of_others(reports, moderator, "campaign__"), "created_at")
    appeals = Suspension.objects.undecided().exclude(suspended_by=moderator)
    yield Found.among(_campaigns_of_others(appeals, moderator, "campaign__"), "appealed_at")


def _campaigns_of_others(rows: QuerySet[Any], person: User, way: str) -> QuerySet[Any]:
    """Rows of campaigns that somebody did not start, for projects that they do not write."""
    own = Q(**{f"{way}creator": person}) | Q(**{f"{way}project__in": _written_by(person)})
    return rows.exclude(own)


def _talk(moderator: User) -> Iterator[Found]:
    yield Found.among(flagged_comments().exclude(author=moderator), "since")
    yield Found.among(flagged_projects().exclude(pk__in=_written_by(moderator)), "since")
    yield Found.among(appeals_for(moderator), "appealed_at")
    yield Found.among(project_appeals_for(moderator), "appealed_at")
    yield Found.among(pause_appeals_for(moderator), "appealed_at")


def _questions(_spokesperson: User) -> Iterator[Found]:
    yield Found.among(open_questions(), "created_at")


def _complaints(officer: User) -> Iterator[Found]:
    yield Found.among(queue_for(officer), "asked_at", "due_at")


def _documents(officer: User) -> Iterator[Found]:
    """Those that this officer has not said anything of: a finding waits for another one."""
    asked = ActRequest.objects.filter(
        act=DECIDE,
        target_type=ResidenceDocument._meta.label_lower,
        target_id=Cast(OuterRef("pk"), CharField()),
        approval__isnull=True,
    )
    newest = asked.order_by("-id").values("requested_by")[:1]
    waiting = ResidenceDocument.objects.waiting().annotate(said_by=Subquery(newest))
    others = waiting.exclude(residency__user=officer)
    free = others.filter(Q(said_by__isnull=True) | ~Q(said_by=officer.pk))
    yield Found.among(free, "sent_at", "delete_after")


def _roles(superuser: User) -> Iterator[Found]:
    waiting = RoleRequest.objects.waiting().exclude(requested_by=superuser)
    yield Found.among(waiting, "at")


def _written_by(person: User) -> QuerySet[Project, Any]:
    return Project.objects.filter(authored_by(person)).order_by().values("pk")


# Whose desk it is, its page, what it is called, and what waits there.
_DESKS: tuple[tuple[Role | str, str, Promise, Find], ...] = (
    (Role.TREASURER, "treasury", _("Refunds, disputes and what fits nothing"), _treasury),
    (Role.TREASURER, "payouts", _("Payouts and accounts"), _payouts),
    (Role.TREASURER, "reconciliation", _("Differences in the books"), _differences),
    (Role.TREASURER, "milestones_desk", _("Milestones to look at"), _milestones),
    (Role.MODERATOR, "milestones_desk", _("Milestones to look at"), _milestones),
    (Role.MODERATOR, "campaigns_desk", _("Reports and appeals about campaigns"), _reported),
    (Role.REVIEWER, "campaigns_desk", _("Campaigns to review"), _submitted),
    (Role.MODERATOR, "comments_desk", _("Reports and appeals about projects and comments"), _talk),
    (Role.SPOKESPERSON, "questions_desk", _("Questions to the city"), _questions),
    (Role.COMPLAINTS_OFFICER, "complaints_desk", _("Complaints"), _complaints),
    (Role.POLL_OFFICER, "residence_desk", _("Documents about homes"), _documents),
    (SUPERUSER, "roles_desk", _("Roles that were asked for"), _roles),
)  # fmt: skip


def _of_cycles(person: User, roles: set[str]) -> Iterator[Waiting]:
    """Acts for a second person, reviews, counts that nobody certified: a query for each of these,
    however many cycles there are.
    """
    asked: dict[tuple[Role, str, int], list[AskedOnCycle]] = {}
    for each in asked_on_cycles() if roles else ():
        if each.role in roles and each.request.requested_by_id != person.pk:
            asked.setdefault((each.role, each.page, each.cycle.pk), []).append(each)
    for (role, page, _cycle), some in asked.items():
        yield Waiting(
            role=role, page=page, number=len(some), slug=some[0].cycle.slug,
            words=_of(_("Acts for a second person"), some[0].cycle.title),
            since=min(each.request.at for each in some),
            until=min(each.request.lapses_at for each in some if each.request.lapses_at),
        )  # fmt: skip
    if Role.REVIEWER in roles:
        yield from _reviews(Role.REVIEWER, _("Proposals to review"), reviews_for(person))
    if Role.BUDGET_ADMINISTRATOR in roles:
        nobodys = _("Reviews that nobody has")
        yield from _reviews(Role.BUDGET_ADMINISTRATOR, nobodys, reviews_of_nobody())
        yield from _before_voting()
    if Role.CERTIFIER in roles:
        words = _("A count to certify")
        for cycle in to_certify():
            yield Waiting(Role.CERTIFIER, "cycle_desk", 1, _of(words, cycle.title), slug=cycle.slug)


def _before_voting() -> Iterator[Waiting]:
    """What is open in cycles whose voting begins soon; the desk of each says what it is."""
    for ahead in voting_ahead(db_now()):
        if undone := len(ahead.undone):
            yield Waiting(
                role=Role.BUDGET_ADMINISTRATOR, page="cycle_desk", number=undone,
                slug=ahead.cycle.slug,
                words=_of(_("To be done before voting begins"), ahead.cycle.title),
                until=ahead.begins_at,
            )  # fmt: skip


def _reviews(role: Role, words: Promise, reviews: QuerySet[Review]) -> Iterator[Waiting]:
    """Those of each cycle."""
    of_cycles = reviews.order_by().values("proposal__cycle__slug", "proposal__cycle__title")
    sums = of_cycles.annotate(
        in_all=Count("pk"), oldest=Min("proposal__submitted_at"), first=Min("due_at")
    )
    for row in sums.order_by("-proposal__cycle"):
        yield Waiting(
            role=role, page="reviews", number=row["in_all"], slug=row["proposal__cycle__slug"],
            words=_of(words, row["proposal__cycle__title"]),
            since=row["oldest"], until=row["first"],
        )  # fmt: skip


def _of(words: Promise, cycle: str) -> str:
    return gettext("%(what)s, %(cycle)s") % {"what": words, "cycle": cycle}
