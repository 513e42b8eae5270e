"""What becomes of a proposal between its submission and its verdict, and of an appeal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from budgeting.access import holds, require
from budgeting.enums import OVER_STATES, CycleState, ProposalState, ReviewKind, ReviewNews
from budgeting.models import Appeal, ChangeRequest, Cycle, Proposal, Review, ReviewPlan
from budgeting.selectors import is_reviewer, is_too_late, noted_reviews, version_now
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share
from budgeting.services.review_news import TAKEN_BACK, tell_authors
from budgeting.services.reviewers import ask_for_review
from civicfund.audit.services import db_now, record
from civicfund.moments import moment
from civicfund.notices.services import tell
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.projects.access import authors_of, is_author, is_concerned
from civicfund.projects.enums import LISTED_STATES

# How long authors have to change what they are asked to, where the reviewer says nothing else.
TIME_FOR_CHANGES = timedelta(weeks=2)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a proposal will cost: at least, likely and at most, in minor units."""

    low_minor: int
    likely_minor: int
    high_minor: int


def give_review(
    proposal: Proposal,
    *,
    feasible: bool,
    by: User,
    lawful: bool = True,
    reason: str = "",
    notes: str = "",
    cost: Estimate | None = None,
    yearly_minor: int | None = None,
    seen: int | None = None,
) -> Review:
    """Say whether the town can and may do it. Nobody outside reads it before its publication.

    A no comes with a reason for everybody. After a first no, and above the cycle's limit, another
    reviewer has to look as well; who looks last decides. It speaks of one version of the project:
    where ``seen`` is another one than the latest, it is refused.
    """
    require(by, Role.REVIEWER)
    yes, reason = feasible and lawful, reason.strip()
    if not yes and not reason:
        raise RefusedError(_("Say why it is not feasible, for everybody to read."), field="reason")
    _check_estimate(cost)
    said = {
        "feasible": feasible, "lawful": lawful, "reason": reason,
        "notes": notes.strip(), "yearly_minor": yearly_minor,
    }  # fmt: skip
    if cost is not None:
        said["cost_low_minor"], said["cost_likely_minor"] = cost.low_minor, cost.likely_minor
        said["cost_high_minor"] = cost.high_minor
    try:
        return _give(proposal, said, by, seen)
    except IntegrityError as error:
        if "review_given_in_time" not in str(error):
            raise
        # Voting began after the look at the clock.
        raise _voting_has_begun() from error


@transaction.atomic
def _give(proposal: Proposal, said: dict[str, object], by: User, seen: int | None) -> Review:
    cycle = proposal.cycle
    review = _mine(share(cycle), proposal, by)
    review.version = version_now(review.proposal.project)
    if seen not in (None, review.version):
        raise RefusedError(
            _("The project was changed while you looked at it. It stands above as it is now.")
        )
    _go_on_without(proposal, by)
    review.reviewer, review.given_at, review.untold = by, db_now(), ""
    for name, value in said.items():
        setattr(review, name, value)
    review.save()
    # Not what it says: who may read the trail is not only who may read this.
    record("review.given", review.proposal, actor=by, review=review.pk, kind=review.kind)
    yes = review.feasible and review.lawful
    if review.kind == ReviewKind.FIRST and (not yes or _is_dear(cycle, review)):
        ask_for_review(review.proposal, ReviewKind.SECOND)
    return review


def _check_estimate(cost: Estimate | None) -> None:
    if cost and not 0 < cost.low_minor <= cost.likely_minor <= cost.high_minor:
        raise RefusedError(
            _("The low cost is not above the likely one, nor that above the high one."),
            field="cost_likely",
        )


def _mine(state: str, proposal: Proposal, by: User) -> Review:
    """Hold the review that the proposal waits for, where it is this person's to give.

    The caller shares the cycle, so that publishing waits for it and casting does not. The proposal
    is held as well, before its review: its authors may be taking it out.
    """
    _check_goes_on(state)
    if is_too_late(proposal.cycle):
        raise _voting_has_begun()
    if _hold(proposal).state == ProposalState.LEFT:
        raise RefusedError(_("Nobody has to look at it now: its authors took it out of the cycle."))
    waiting = Review.objects.waiting().filter(proposal=proposal)
    held = waiting.select_for_update(of=("self",)).order_by("pk")
    review = held.select_related("proposal__project", "reviewer").first()
    if review is None:
        raise RefusedError(_("Nobody has to look at this proposal now."))
    _check_whose(review, by)
    if is_author(by, review.proposal.project):
        raise RefusedError(_("Somebody else has to review your own project."))
    given = Review.objects.given().filter(proposal=proposal, round=review.round)
    if given.filter(reviewer=by).exists():
        raise RefusedError(_("You have looked at it. Now it is somebody else's turn."))
    if ChangeRequest.objects.held_up().filter(proposal=proposal).exists():
        raise RefusedError(_("The proposer was asked for changes and has not given it back yet."))
    return review


def _voting_has_begun() -> RefusedError:
    return RefusedError(_("Voting has begun: nothing more is decided here."))


def _hold(proposal: Proposal) -> Proposal:
    return Proposal.objects.select_for_update().get(pk=proposal.pk)


def _check_goes_on(state: str) -> None:
    if state not in (CycleState.DRAFT, CycleState.OPEN):
        raise RefusedError(_("This cycle is over: nothing is reviewed any more."))


def _check_whose(review: Review, by: User) -> None:
    if review.reviewer_id != by.pk and is_reviewer(review.reviewer_id):
        raise RefusedError(
            _("%(who)s looks at it. An administrator can give it to you.")
            % {"who": review.reviewer}
        )


def _go_on_without(proposal: Proposal, by: User, *, asks_again: bool = False) -> int:
    """Take back what is asked of the authors; how much it was, one or none.

    They are told, but where they are asked again in the same breath.
    """
    number = 0
    for asked in ChangeRequest.objects.unanswered().filter(proposal=proposal).select_for_update():
        asked.given_back_at, asked.taken_back_by = db_now(), by
        asked.save(update_fields=["given_back_at", "taken_back_by"])
        record("review.changes_taken_back", proposal, actor=by, request=asked.pk)
        if not asks_again:
            tell_authors(TAKEN_BACK, asked, proposal)
        number += 1
    return number


def _is_dear(cycle: Cycle, review: Review) -> bool:
    plan = ReviewPlan.objects.filter(cycle=cycle).first()
    limit = plan.second_above_minor if plan else None
    return limit is not None and cost_of(review.proposal, review) > limit


def cost_of(proposal: Proposal, review: Review | None) -> int:
    """What a review found likely; without that, the sum of the project's own cost lines."""
    if review is not None and review.cost_likely_minor is not None:
        return review.cost_likely_minor
    total: int = proposal.project.cost_lines.aggregate(sum=Sum("amount_minor", default=0))["sum"]
    return total


def request_changes(
    proposal: Proposal, *, words: str, by: User, until: datetime | None = None
) -> ChangeRequest:
    """Ask its authors to change the project; they are told, and the review waits for them.

    It waits ``until`` then; after that it may be given as it is, so that is before voting begins.
    Where nothing is said it waits two weeks, and half of the time until voting where that is less.
    """
    require(by, Role.REVIEWER)
    if not words.strip():
        raise RefusedError(_("Say what has to change."), field="words")
    if until is not None and until <= db_now():
        raise RefusedError(_("Leave them time: the day has to be one to come."), field="until")
    with transaction.atomic():
        cycle = proposal.cycle
        review = _mine(share(cycle), proposal, by)
        if review.kind == ReviewKind.APPEAL:
            raise RefusedError(_("An appeal is decided as it stands."))
        until = _before_voting(cycle, until)
        # Told as soon as it goes on: given back, taken back by somebody else, or not in time.
        came_back = ReviewNews.RETURNED
        Review.objects.filter(pk=review.pk).update(reviewer=by, untold=came_back)
        _go_on_without(proposal, by, asks_again=True)
        asked = ChangeRequest.objects.create(
            proposal=proposal,
            asked_by=by,
            words=words.strip(),
            due_at=until,
        )
        record("review.changes_requested", proposal, actor=by, request=asked.pk)
        for author in authors_of(review.proposal.project):
            tell(
                author,
                "changes_requested",
                asked,
                project=review.proposal.project.title,
                cycle=cycle.title,
                words=asked.words,
                until=moment(until),
                proposal_url=reverse("my_proposal", args=[cycle.slug, proposal.pk]),
            )
    return asked


def _before_voting(cycle: Cycle, until: datetime | None) -> datetime:
    """Until when a review waits for its authors: what comes back once voting has begun is judged by
    nobody.
    """
    now, begins = db_now(), cycle.voting_starts_at
    if begins is None or begins <= now:  # of a draft: it cannot be opened like this
        return until or now + TIME_FOR_CHANGES
    if until is None:
        return now + min(TIME_FOR_CHANGES, (begins - now) / 2)
    if until >= begins:
        words = _("Voting begins on %(at)s, and nothing is decided after that: say a day before.")
        raise RefusedError(words % {"at": moment(begins)}, field="until")
    return until


def take_back_changes(proposal: Proposal, *, by: User) -> None:
    """Wait no longer for changes: the project is judged as it stands.

    By whoever has the review, or an administrator who does not write the project.
    """
    administers = holds(by, Role.BUDGET_ADMINISTRATOR)
    if not administers:
        require(by, Role.REVIEWER)
    if is_concerned(by, proposal.project):
        raise RefusedError(_("Somebody else has to review your own project."))
    with transaction.atomic():
        _check_goes_on(share(proposal.cycle))
        if is_too_late(proposal.cycle):
            raise _voting_has_begun()
        waiting = Review.objects.waiting().select_related("reviewer").filter(proposal=proposal)
        review = waiting.order_by("pk").first()
        if review and not administers:
            _check_whose(review, by)
        if review is None or not _go_on_without(proposal, by):
            raise RefusedError(_("Nobody is asked for changes now."))
        if review.reviewer_id == by.pk:
            Review.objects.filter(pk=review.pk).update(untold="")


def empty_notes(review: Review, *, by: User) -> None:
    """Empty the internal notes of a review that one gave; what else it says stays.

    They are gone for good. The trail says that they were emptied, and nothing of what they said.
    """
    require(by, Role.REVIEWER)
    with transaction.atomic():
        held = Review.objects.select_for_update(of=("self",)).get(pk=review.pk)
        if held.given_at is None or held.reviewer_id != by.pk:
            raise RefusedError(_("Only whoever wrote internal notes can empty them."))
        if not held.notes:
            raise RefusedError(_("There are no internal notes here."))
        Review.objects.filter(pk=held.pk).update(notes="")
        record("review.notes_emptied", held.proposal, actor=by, review=held.pk)


def empty_all_notes(cycle: Cycle, *, by: User) -> int:
    """Empty the internal notes of all reviews of a cycle that is over; of how many."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        if share(cycle) not in OVER_STATES:
            raise RefusedError(_("The cycle is not over: reviewers may need their notes."))
        number = noted_reviews(cycle).update(notes="")
        if number:
            record("cycle.notes_emptied", cycle, actor=by, reviews=number)
    return number


def give_back(proposal: Proposal, *, by: User, answer: str = "") -> ChangeRequest:
    """An author has changed what was asked for, or says why not: the review goes on."""
    _check_author(proposal, by)
    with transaction.atomic():
        open_ones = ChangeRequest.objects.unanswered().filter(proposal=proposal)
        asked = open_ones.select_for_update().order_by("pk").first()
        if asked is None:
            raise RefusedError(_("Nobody asked for changes."))
        asked.answer, asked.given_back_at = answer.strip(), db_now()
        asked.save(update_fields=["answer", "given_back_at"])
        record("review.given_back", proposal, actor=by, request=asked.pk)
    return asked


def _check_author(proposal: Proposal, by: User) -> None:
    if not is_author(by, proposal.project):
        raise RefusedError(_("Only those who write the project can do this."))


def appeal(proposal: Proposal, *, reason: str, by: User) -> Appeal:
    """Ask that somebody else look at a public no again: once, with a reason, in time."""
    _check_author(proposal, by)
    if not reason.strip():
        raise RefusedError(_("Say why it should be looked at again."), field="reason")
    with transaction.atomic():
        state = share(proposal.cycle)
        rows = Proposal.objects.select_for_update(of=("self",))
        held = rows.select_related("published_with", "project__neighborhood").get(pk=proposal.pk)
        _check_may_appeal(state, held)
        made = Appeal.objects.create(proposal=held, by=by, reason=reason.strip())
        record("proposal.appealed", held, actor=by, appeal=made.pk)
        ask_for_review(held, ReviewKind.APPEAL)
    return made


def _check_may_appeal(state: str, proposal: Proposal) -> None:
    until = proposal.published_with.appeals_until if proposal.published_with else None
    is_there = proposal.project.state in LISTED_STATES and state == CycleState.OPEN
    if not is_there or proposal.state != ProposalState.NOT_FEASIBLE:
        raise RefusedError(_("There is nothing to appeal against."))
    if until is None or db_now() >= until:
        raise RefusedError(_("The time to appeal is over."))
    if Appeal.objects.filter(proposal=proposal).exists():
        raise RefusedError(_("An appeal was made already."))
