"""What is being reviewed, by whom, how late, and what is said but not public yet.

Of these only ``next_verdicts`` and ``own_proposal`` are for anybody but reviewers and
administrators; neither tells what a review says before it is published. Nor does any of them tell
reviewers and administrators what is said of a project of their own. What somebody only entered for
whoever brought it on paper is not their own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from budgeting.enums import CycleState, PhaseKind, ProposalState, ReviewKind
from budgeting.models import (
    ChangeRequest,
    Cycle,
    Pot,
    Proposal,
    Review,
    ReviewerRule,
    ReviewQuerySet,
    VerdictPublication,
)
from budgeting.selectors.fates import fate, why_left
from budgeting.selectors.proposals import version_shown, why_off
from civicfund.paging import LeanPaginator
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with
from civicfund.places.models import Neighborhood
from civicfund.prepared import Prepared
from civicfund.projects.access import authored_by, concerned_among, concerning
from civicfund.projects.models import CoAuthor, Project

# What the board shows of a review.
_ON_THE_BOARD = (
    "kind",
    "round",
    "due_at",
    "proposal__project__title",
    "proposal__project__category",
    "proposal__project__neighborhood__name",
    "reviewer__display_name",
)
# Whose reviews the board shows.
WHOSE = ("mine", "nobody", "late", "proposer")
REVIEWS_PER_PAGE = 25
# Of their own notes, on the board of whoever wrote them.
MOST_NOTES = 50


def waiting_reviews(cycle: Cycle | int, reader: User | int, *, gives_out: bool) -> QuerySet[Review]:
    """What reviewers have to look at, the first that is due coming first.

    ``with_proposer`` tells whether the proposer was asked for changes and has time left,
    ``has_reviewer`` whether it is with somebody who is still a reviewer. Of the reader's own
    projects (``is_own``) only first reviews are here, for whoever gives them out: a second one
    tells what the first said.
    """
    asked = ChangeRequest.objects.held_up().filter(proposal=OuterRef("proposal"))
    own = Project.objects.filter(concerning(reader), pk=OuterRef("proposal__project"))
    waiting = Review.objects.waiting().filter(proposal__cycle=cycle)
    may_read = Q(is_own=False) | Q(kind=ReviewKind.FIRST) if gives_out else Q(is_own=False)
    return (
        waiting.annotate(
            with_proposer=Exists(asked), is_own=Exists(own), has_reviewer=Exists(_reviewers())
        )
        .filter(may_read)
        .select_related("proposal__project__neighborhood", "reviewer")
        .only(*_ON_THE_BOARD)
        .order_by(F("due_at").asc(nulls_last=True), "pk")
    )


def with_a_reviewer(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Each with ``has_reviewer``: whether it is with somebody who is still a reviewer."""
    return reviews.annotate(has_reviewer=Exists(_reviewers()))


def _reviewers() -> QuerySet[User]:
    """Whom a review or a rule names, where they are still a reviewer."""
    return people_with(Role.REVIEWER).filter(pk=OuterRef("reviewer"))


def reviews_at_hand() -> QuerySet[Review]:
    """What reviewers can give now, of cycles that are open, each by whom it is with.

    Not what waits for its authors, nor what its reviewer has come to write with others.
    """
    own = Project.objects.filter(pk=OuterRef("proposal__project"), proposer=OuterRef("reviewer"))
    shared = CoAuthor.objects.filter(
        project=OuterRef("proposal__project"), user=OuterRef("reviewer")
    )
    asked = ChangeRequest.objects.held_up().filter(proposal=OuterRef("proposal"))
    waiting = Review.objects.waiting().in_time().filter(proposal__cycle__state=CycleState.OPEN)
    return waiting.filter(~Exists(own), ~Exists(shared), ~Exists(asked), Exists(_reviewers()))


def is_reviewer(pk: int | None) -> bool:
    """Whether somebody is there who was given the role, and has it still."""
    return pk is not None and people_with(Role.REVIEWER).filter(pk=pk).exists()


def reviewer_rules(cycle: Cycle) -> list[ReviewerRule]:
    """The rules of a cycle; by one without ``has_reviewer`` nothing is given out any more."""
    return _rules(cycle.pk)


@Prepared
def _rules(cycle: int) -> QuerySet[ReviewerRule]:
    rules = ReviewerRule.objects.filter(cycle=cycle).annotate(has_reviewer=Exists(_reviewers()))
    return rules.select_related("reviewer", "place").defer("place__boundary").order_by("pk")


def reviews_of(
    reviews: QuerySet[Review], whose: str, user: User, now: datetime
) -> QuerySet[Review]:
    """The part of waiting reviews that ``whose`` names; all of them for anything else."""
    return reviews.filter(_parts(user, now).get(whose, Q()))


def fitting_reviews(
    reviews: QuerySet[Review],
    *,
    q: str = "",
    category: str = "",
    neighborhood: Neighborhood | None = None,
    pot: Pot | None = None,
    reviewer: User | None = None,
) -> QuerySet[Review]:
    """Reviews of projects about this, in this place or what lies in it, in this pot, called so, and
    with this person.

    ``q`` is the proposal's number, or words that all stand in the title.
    """
    titled = Q()
    for word in q.split():
        titled &= Q(proposal__project__title__icontains=word)
    number = whole_number(q)
    wanted = titled | Q(proposal=number) if number is not None else titled
    if category:
        wanted &= Q(proposal__project__category=category)
    if neighborhood is not None:
        within = Neighborhood.objects.within(neighborhood).order_by().values("pk")
        wanted &= Q(proposal__project__neighborhood__in=within)
    if pot is not None:
        wanted &= Q(proposal__pot=pot)
    if reviewer is not None:
        wanted &= Q(reviewer=reviewer)
    return reviews.filter(wanted)


def review_sums(reviews: QuerySet[Review], user: User, now: datetime) -> dict[str, int]:
    """How many of the reviews wait in all and in each part of the board."""
    parts = {name: Count("pk", filter=part) for name, part in _parts(user, now).items()}
    return reviews.aggregate(all=Count("pk"), **parts)


def reviews_paged(
    cycle: Cycle,
    reader: User,
    whose: str,
    now: datetime,
    *,
    gives_out: bool,
    fitting: QuerySet[Review] | None = None,
) -> tuple[LeanPaginator, dict[str, int]]:
    """The part of ``waiting_reviews`` that ``whose`` names, all of them for anything else; and how
    many wait in all and in each part. ``fitting`` are those that are wanted, where not all are.
    """
    board, keys = _boards[gives_out], (cycle.pk, reader.pk)
    part = _parts(reader.pk, now).get(whose)
    first = None
    if fitting is not None:
        sums = review_sums(fitting, reader, now)
        rows: Any = fitting.filter(part or Q())
    else:
        counted = board.sums.first(*keys, now) or (0,) * (len(WHOSE) + 1)
        sums = dict(zip(("all", *WHOSE), counted, strict=True))
        rows = SimpleLazyObject(
            lambda: waiting_reviews(*keys, gives_out=gives_out).filter(part or Q())
        )
        first = None if part else lambda: board.first(*keys)
    pages = LeanPaginator(
        rows,
        REVIEWS_PER_PAGE,
        count=sums[whose if part else "all"],
        read=lambda asked: board.rows(*keys, asked),
        first=first,
    )
    return pages, sums


class _Board:
    """What the board asks for whoever gives reviews out, or for reviewers."""

    def __init__(self, *, gives_out: bool) -> None:
        def waiting(cycle: int, reader: int) -> QuerySet[Review]:
            return waiting_reviews(cycle, reader, gives_out=gives_out)

        @Prepared
        def sums(cycle: int, reader: int, now: datetime) -> QuerySet[Any]:
            rows = waiting(cycle, reader).order_by().annotate(together=Value(1)).values("together")
            parts = _parts(reader, now).items()
            counts = {f"of_{name}": Count("pk", filter=part) for name, part in parts}
            return rows.annotate(in_all=Count("pk"), **counts).values_list("in_all", *counts)

        @Prepared
        def first(cycle: int, reader: int) -> QuerySet[Review, int]:
            return waiting(cycle, reader).values_list("pk", flat=True)[:REVIEWS_PER_PAGE]

        @Prepared
        def rows(cycle: int, reader: int, keys: Collection[int]) -> QuerySet[Review]:
            return waiting(cycle, reader).filter(pk__in=keys)

        self.sums, self.first, self.rows = sums, first, rows


def _parts(user: User | int, now: datetime) -> dict[str, Q]:
    """The parts of the board, by the names in ``WHOSE``."""
    return {
        "mine": Q(reviewer=user),
        "nobody": Q(has_reviewer=False),
        "late": Q(due_at__lte=now),
        "proposer": Q(with_proposer=True),
    }


_boards = {gives_out: _Board(gives_out=gives_out) for gives_out in (True, False)}


def ready_verdicts(cycle: Cycle) -> list[Review]:
    """The deciding review of each proposal that nobody has to look at any more; not public yet."""
    return list({review.proposal_id: review for review in _decided(cycle.pk)}.values())


@Prepared
def _decided(cycle: int) -> QuerySet[Review]:
    undecided = Q(proposal__state=ProposalState.SUBMITTED) | Q(
        kind=ReviewKind.APPEAL, proposal__appeal__published_with__isnull=True
    )
    waiting = Review.objects.waiting().filter(proposal__cycle=cycle).values("proposal")
    open_ones = Proposal.objects.to_look_at().filter(cycle=cycle)
    given = Review.objects.given().filter(undecided, proposal__in=open_ones)
    rows = given.exclude(proposal__in=waiting).select_related(
        "proposal__project__proposer", "proposal__cycle", "reviewer"
    )
    return rows.defer("proposal__project__story", "proposal__project__search")


def ready_for(cycle: Cycle, reader: User) -> list[Review]:
    """The same but for the reader's own projects."""
    ready = ready_verdicts(cycle)
    own = concerned_among(reader, [review.proposal.project_id for review in ready])
    return [review for review in ready if review.proposal.project_id not in own]


def proposal_to_review(cycle: Cycle, pk: int, reader: User) -> Proposal | None:
    """A proposal with everything that was said of it, for reviewers and administrators.

    ``version_now`` is the version of the project that is shown, read before the rest of it: a
    change in between is noticed. None for whoever's own project it is: they learn of it with
    everybody else.
    """
    reviews = Review.objects.select_related("reviewer", "taken_back__by").order_by("pk")
    asked = ChangeRequest.objects.select_related("asked_by", "taken_back_by")
    return (
        Proposal.objects.filter(cycle=cycle, pk=pk)
        .annotate(version_now=version_shown())
        .exclude(project__in=Project.objects.filter(concerning(reader)))
        .select_related("project__neighborhood", "project__proposer", "pot", "cycle", "appeal")
        .prefetch_related(
            Prefetch("reviews", queryset=reviews),
            Prefetch("change_requests", queryset=asked),
            "project__cost_lines",
        )
        .first()
    )


def noted_reviews(cycle: Cycle | int) -> ReviewQuerySet:
    """Reviews that were given with internal notes, and have them still."""
    return Review.objects.filter(proposal__cycle=cycle, given_at__isnull=False).exclude(notes="")


def own_notes(cycle: Cycle, reviewer: User) -> list[Review]:
    """The first of them that the reviewer gave, of projects that they do not write; one more than
    ``MOST_NOTES`` where there are more.
    """
    return _notes_by(cycle.pk, reviewer.pk)


@Prepared
def _notes_by(cycle: int, reviewer: int) -> QuerySet[Review]:
    written = Project.objects.filter(authored_by(reviewer))
    mine = noted_reviews(cycle).filter(reviewer=reviewer).exclude(proposal__project__in=written)
    rows = mine.select_related("proposal__project").order_by("pk")
    return rows.only("proposal__cycle", "proposal__project__title")[: MOST_NOTES + 1]


def own_proposal(cycle: Cycle, pk: int, author: User) -> Proposal | None:
    """A proposal with what its authors may know: never a review that is not published.

    ``why_off`` is why it was taken off a ballot, ``why_left`` why it is left off it, None where
    nobody said so; ``fate`` is what became of it, as ``fates.fate`` says.
    """
    written = Project.objects.filter(authored_by(author))
    mine = Proposal.objects.filter(cycle=cycle, pk=pk, project__in=written)
    rows = mine.select_related(
        "project", "cycle", "pot", "published_with", "appeal__published_with"
    )
    said = rows.annotate(why_off=why_off(), why_left=why_left(), fate=fate())
    return said.prefetch_related("change_requests").first()


def late_appeals(cycle: Cycle, appeals_until: datetime) -> str:
    """What to say of appeals that are taken until then, where voting has begun by then."""
    voting = cycle.phases.filter(kind=PhaseKind.BALLOTING, starts_at__lt=appeals_until)
    return _("Appeals have to be over before voting begins.") if voting.exists() else ""


def why_verdicts_wait(cycle: Cycle, now: datetime) -> str:
    """Why a draft cannot open with the instant of verdicts that was set for it."""
    verdicts = next_verdicts(cycle)
    if verdicts is None:
        return ""
    if verdicts.at <= now:
        return _("Verdicts are being published just now: wait until they are.")
    return late_appeals(cycle, verdicts.appeals_until)


def next_verdicts(cycle: Cycle) -> VerdictPublication | None:
    """The instant at which verdicts become public next; None where none is set."""
    return _verdicts_to_come.first(cycle.pk)


@Prepared
def _verdicts_to_come(cycle: int) -> QuerySet[VerdictPublication]:
    to_come = VerdictPublication.objects.filter(cycle=cycle, done_at__isnull=True)
    return to_come.order_by("pk")[:1]
