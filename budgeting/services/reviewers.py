"""Who reviews what until when, and the instant at which the verdicts of a cycle become public."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from budgeting.access import holds, require
from budgeting.enums import (
    OVER_STATES,
    PROPOSAL_MOVES,
    CycleState,
    PhaseKind,
    ProposalState,
    ReviewKind,
)
from budgeting.models import (
    Appeal,
    Cycle,
    Proposal,
    Review,
    ReviewerRule,
    ReviewPlan,
    VerdictPublication,
)
from budgeting.selectors import late_appeals, ready_verdicts
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share, take
from civicfund.audit.services import advance, db_now, record, record_all
from civicfund.moments import moment
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.projects.access import authors_of, concerned_among, written_among

# What changes in a review with whose it is.
GIVEN_OUT = ("reviewer", "untold", "warned_of", "reminded_of")


def plan_reviews(cycle: Cycle, *, second_above_minor: int | None, by: User) -> ReviewPlan:
    """From which likely cost on a proposal is looked at by two reviewers; None: only a no is.

    It is asked when a first review is given, and changes nothing about those given before.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        _check_goes_on(share(cycle))
        plan, _made = ReviewPlan.objects.update_or_create(
            cycle=cycle, defaults={"second_above_minor": second_above_minor}
        )
        record("cycle.reviews_planned", cycle, actor=by, second_above_minor=second_above_minor)
    return plan


def _check_goes_on(state: str) -> None:
    if state not in (CycleState.DRAFT, CycleState.OPEN):
        raise RefusedError(_("This cycle is over: nothing is reviewed any more."))


def add_rule(
    cycle: Cycle, reviewer: User, *, by: User, category: str = "", place: Neighborhood | None = None
) -> ReviewerRule:
    """Give proposals of a kind and place to a reviewer, also those that wait for anybody."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    _check_reviews(reviewer)
    with transaction.atomic():
        _check_goes_on(share(cycle))
        rule, made = ReviewerRule.objects.get_or_create(
            cycle=cycle, reviewer=reviewer, category=category, place=place
        )
        if not made:
            raise RefusedError(_("This rule is there already."), field="reviewer")
        record("cycle.reviewer_rule_added", cycle, actor=by, rule=rule.pk, reviewer=reviewer.pk)
        for review in _unassigned(cycle):
            _assign_by_rules(review)
    return rule


def _unassigned(cycle: Cycle) -> QuerySet[Review]:
    """Also what is with somebody who is no reviewer any more."""
    waiting = Review.objects.waiting().filter(proposal__cycle=cycle)
    waiting = waiting.exclude(reviewer__in=people_with(Role.REVIEWER))
    held = waiting.select_for_update(of=("self",)).order_by("pk")
    return held.select_related("proposal__project__neighborhood")


def remove_rule(rule: ReviewerRule, *, by: User) -> None:
    """Give no more proposals by this rule; those that were given stay."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        record("cycle.reviewer_rule_removed", rule.cycle, actor=by, rule=rule.pk)
        rule.delete()


def _check_reviews(reviewer: User) -> None:
    if not holds(reviewer, Role.REVIEWER):
        raise RefusedError(_("This person is no reviewer."), field="reviewer")


def ask_for_review(proposal: Proposal, kind: ReviewKind, *, anew: bool = False) -> Review:
    """A review that somebody has to give: whom the rules name, else whoever is assigned.

    ``anew`` begins another round, in which who looked before may look again. In place of one that
    was taken back it is another attempt. The caller is in a transaction and shares the cycle.
    """
    asked = list(proposal.reviews.order_by().values_list("round", "kind", "attempt"))
    in_round = max((n for n, _kind, _attempt in asked), default=1) + anew
    before = [attempt for *what, attempt in asked if what == [in_round, kind]]
    review = Review.objects.create(
        proposal=proposal,
        kind=kind,
        round=in_round,
        attempt=max(before, default=0) + 1,
        due_at=_usually_due(proposal.cycle),
    )
    _assign_by_rules(review)
    return review


def _usually_due(cycle: Cycle) -> datetime | None:
    """When the reviewing phase ends; where that is past or missing, the instant of verdicts."""
    now = db_now()
    phase = cycle.phases.filter(kind=PhaseKind.REVIEWING, ends_at__gt=now).order_by("ends_at")
    pending = cycle.verdict_publications.filter(done_at__isnull=True).order_by("pk")
    ends = phase.values_list("ends_at", flat=True).first()
    return ends or pending.values_list("at", flat=True).first()


def _assign_by_rules(review: Review) -> None:
    """To the reviewer of the closest rule with the least to do; never to who has an interest."""
    project = review.proposal.project
    place = project.neighborhood
    near = Q(place__isnull=True) | Q(place__in=[place.pk, place.parent_id])
    near |= Q(place__kind=PlaceKind.CITY)
    rules = review.proposal.cycle.reviewer_rules.filter(
        near, category__in=["", project.category], reviewer__in=people_with(Role.REVIEWER)
    )
    fitting = rules.exclude(reviewer__in=_kept_out(review))
    busy = _open_reviews(review.proposal.cycle)
    best = min(
        fitting,
        key=lambda rule: (
            rule.place_id != place.pk,
            rule.place_id != place.parent_id,
            not rule.category,
            busy.get(rule.reviewer_id, 0),
            rule.pk,
        ),
        default=None,
    )
    if best is not None:
        review.give_to(best.reviewer_id)
        review.save(update_fields=GIVEN_OUT)


def _kept_out(review: Review) -> list[int]:
    """The authors, and whoever has this proposal in another review of the round already."""
    of_round = Review.objects.standing().filter(proposal=review.proposal_id, round=review.round)
    others = of_round.filter(reviewer__isnull=False).exclude(pk=review.pk)
    return [
        *authors_of(review.proposal.project).values_list("pk", flat=True),
        *others.values_list("reviewer", flat=True),
    ]


def _open_reviews(cycle: Cycle) -> dict[int, int]:
    waiting = Review.objects.waiting().filter(proposal__cycle=cycle, reviewer__isnull=False)
    rows = waiting.order_by().values_list("reviewer").annotate(number=Count("pk"))
    return {reviewer: number for reviewer, number in rows if reviewer is not None}


def assign(
    cycle: Cycle,
    reviews: Sequence[Review],
    reviewer: User | None,
    *,
    by: User,
    due_at: datetime | None = None,
    leave_out: bool = False,
) -> int:
    """Give waiting reviews to somebody, with another deadline where one is given; how many.

    ``reviewer`` None leaves them with whom they are. All or none, but for those that this person
    cannot look at where ``leave_out`` says so: these stay as they are.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    if reviewer is not None:
        _check_reviews(reviewer)
    with transaction.atomic():
        _check_goes_on(share(cycle))
        held = _held(cycle, reviews, by)
        if reviewer is not None:
            held = _that_can_go(held, reviewer, leave_out=leave_out)
        for review in held:
            if reviewer is not None and review.reviewer_id != reviewer.pk:
                review.give_to(reviewer.pk)
                review.untold = "" if reviewer.pk == by.pk else review.untold
            review.due_at = due_at or review.due_at
        Review.objects.bulk_update(held, [*GIVEN_OUT, "due_at"], batch_size=500)
        record_all(
            "review.assigned", [each.proposal for each in held], actor=by,
            review=[each.pk for each in held], reviewer=[each.reviewer_id for each in held],
        )  # fmt: skip
    return len(held)


def _held(cycle: Cycle, reviews: Sequence[Review], by: User) -> list[Review]:
    """The rows, locked; refused where one of them is nothing that this person gives out now."""
    rows = Review.objects.select_for_update(of=("self",)).order_by("pk")
    rows = rows.select_related("proposal__project")
    rows = rows.defer("proposal__project__story", "proposal__project__search")
    held = list(rows.filter(pk__in=[review.pk for review in reviews]))
    if any(each.given_at is not None or each.proposal.cycle_id != cycle.pk for each in held):
        raise RefusedError(_("One of these reviews was given in the meantime. Nothing changed."))
    again = [each.proposal.project_id for each in held if each.kind != ReviewKind.FIRST]
    if again and concerned_among(by, again):
        raise RefusedError(_("Who looks again at your own project is for others to say."))
    return held


def _that_can_go(held: list[Review], reviewer: User, *, leave_out: bool) -> list[Review]:
    """Those that somebody does not write, nor has in another review of the same round."""
    own = written_among(reviewer, [each.proposal.project_id for each in held])
    theirs = Review.objects.standing().filter(
        reviewer=reviewer, proposal__in={each.proposal_id for each in held}
    )
    taken = set(theirs.values_list("proposal", "round"))
    free: list[Review] = []
    barred: list[Review] = []
    for each in held:
        has_it = each.reviewer_id == reviewer.pk
        bars = each.proposal.project_id in own or (each.proposal_id, each.round) in taken
        (barred if bars and not has_it else free).append(each)
    if barred and not leave_out:
        raise RefusedError(
            _("%(who)s cannot look at “%(project)s” here: it is their own, or they have looked")
            % {"who": reviewer, "project": barred[0].proposal.project}
        )
    return free


def set_publication(
    cycle: Cycle, *, at: datetime, appeals_until: datetime, by: User
) -> VerdictPublication:
    """Say when the verdicts that are ready by then become public, all at once.

    It can be moved until it has passed. Then another one, for what came late and for appeals.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    if appeals_until <= at:
        raise RefusedError(_("Leave time to appeal after it."), field="appeals_until")
    with transaction.atomic():
        held = take(cycle)
        _check_goes_on(held.state)
        if held.state == CycleState.OPEN:
            _check_instant(held, at, appeals_until)
        publication = VerdictPublication.objects.filter(cycle=held, done_at__isnull=True).first()
        if publication is None:
            publication = VerdictPublication(cycle=held)
        elif publication.at <= db_now():
            raise RefusedError(_("The instant has passed: the verdicts are being published."))
        _move_deadlines(held, publication.at, at)
        publication.at, publication.appeals_until, publication.set_by = at, appeals_until, by
        publication.save()
        record("cycle.verdicts_announced", held, actor=by, at=at.isoformat())
    return publication


def _move_deadlines(cycle: Cycle, before: datetime | None, at: datetime) -> None:
    """What has no deadline of its own is due when the verdicts are published."""
    by_it = Q(due_at__isnull=True) | Q(due_at=before)
    Review.objects.waiting().filter(by_it, proposal__cycle=cycle).update(due_at=at)


def _check_instant(cycle: Cycle, at: datetime, appeals_until: datetime) -> None:
    if at <= db_now():
        raise RefusedError(_("The instant has to be one to come."), field="at")
    if words := late_appeals(cycle, appeals_until):
        raise RefusedError(words, field="appeals_until")


def due_verdicts() -> QuerySet[VerdictPublication]:
    """Publications whose instant has come, in cycles that are not over."""
    due = VerdictPublication.objects.filter(done_at__isnull=True, at__lte=db_now())
    return due.exclude(cycle__state__in=OVER_STATES).select_related("cycle").order_by("pk")


def publish_verdicts(publication: VerdictPublication) -> int:
    """Make all verdicts of the cycle public that are ready, and tell the authors; how many.

    What is not ready waits for another instant. Done once, after the instant, in one transaction.
    """
    with transaction.atomic():
        cycle = take(publication.cycle)
        held = VerdictPublication.objects.select_for_update().get(pk=publication.pk)
        if held.done_at is not None or held.at > db_now():
            return 0
        ready = ready_verdicts(cycle)
        for review in ready:
            _publish(review, held)
        held.done_at = db_now()
        held.save(update_fields=["done_at"])
        record("cycle.verdicts_published", cycle, actor=None, verdicts=len(ready))
    return len(ready)


def _publish(review: Review, publication: VerdictPublication) -> None:
    proposal, appealed = review.proposal, review.kind == ReviewKind.APPEAL
    if review.says_yes or not appealed:
        to = ProposalState.FEASIBLE if review.says_yes else ProposalState.NOT_FEASIBLE
        changes = {"reason": review.reason, "published_with": publication}
        advance(proposal, to, PROPOSAL_MOVES, actor=None, **changes)
    else:
        Proposal.objects.filter(pk=proposal.pk).update(reason=review.reason)
        record("proposal.appeal_refused", proposal, actor=None)
    if appealed:
        Appeal.objects.filter(proposal=proposal).update(published_with=publication)
    if proposal.cycle.state != CycleState.DRAFT:
        _tell(review, publication)


def _tell(review: Review, publication: VerdictPublication) -> None:
    proposal = review.proposal
    for author in authors_of(proposal.project):
        tell(
            author,
            "verdict_published",
            review,
            project=proposal.project.title,
            cycle=proposal.cycle.title,
            feasible=review.says_yes,
            appealed=review.kind == ReviewKind.APPEAL,
            reason=review.reason,
            appeals_until=moment(publication.appeals_until),
            proposal_url=reverse("my_proposal", args=[proposal.cycle.slug, proposal.pk]),
        )
