"""A review that is wrong is taken back before it is public, and given anew."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.access import holds, require
from budgeting.enums import CycleState, ReviewKind, ReviewNews
from budgeting.models import ChangeRequest, Proposal, Review, ReviewTakenBack
from budgeting.selectors import is_reviewer, is_theirs_to_take_back, why_review_stays
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share
from budgeting.services.review_news import tell_of_taking_back
from budgeting.services.reviewers import GIVEN_OUT, ask_for_review
from civicfund.audit.services import db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.projects.access import is_concerned, written_among


def take_back_review(review: Review, *, reason: str, by: User) -> ReviewTakenBack:
    """Count a review no more, before anybody outside reads it: the proposal waits for it again.

    By whoever gave it, or an administrator. What it says stays where it was said, for reviewers
    and administrators. Whoever gave it gives it anew, where they still can; a second look that it
    had led to is asked for again once it has to be.
    """
    if not holds(by, Role.BUDGET_ADMINISTRATOR):
        require(by, Role.REVIEWER)
    if is_concerned(by, review.proposal.project):
        raise RefusedError(_("Somebody else has to review your own project."))
    reason = reason.strip()
    if not reason:
        raise RefusedError(_("Say why, for reviewers and administrators to read."), field="reason")
    with transaction.atomic():
        state = share(review.proposal.cycle)
        proposal = _hold(review.proposal_id)
        given = Review.objects.select_related("taken_back", "reviewer").get(pk=review.pk)
        if not is_theirs_to_take_back(given, by):
            raise RefusedError(_("Only whoever gave a review, or an administrator, takes it back."))
        if words := why_review_stays(given, proposal, state, db_now()):
            raise RefusedError(words)
        taken = ReviewTakenBack.objects.create(review=given, by=by, reason=reason)
        # Not why: who may read the trail is not only who may read this.
        record("review.taken_back", proposal, actor=by, review=given.pk, kind=given.kind)
        _ask_anew(taken, proposal)
    return taken


def _hold(pk: int) -> Proposal:
    rows = Proposal.objects.select_for_update(of=("self",))
    return rows.select_related("cycle", "appeal", "project__neighborhood").get(pk=pk)


def _ask_anew(taken: ReviewTakenBack, proposal: Proposal) -> None:
    given = taken.review
    review = _waiting(given, proposal) or ask_for_review(proposal, ReviewKind(given.kind))
    reviewer = given.reviewer
    if reviewer is None or not is_reviewer(reviewer.pk):
        return
    if written_among(reviewer, [proposal.project_id]):
        return
    review.give_to(reviewer.pk)
    tells = taken.by_id != reviewer.pk and proposal.cycle.state == CycleState.OPEN
    if tells or taken.by_id == reviewer.pk:
        held_up = ChangeRequest.objects.held_up().filter(proposal=proposal).exists()
        review.untold = ReviewNews.RETURNED if held_up else ""
    review.save(update_fields=GIVEN_OUT)
    if tells:
        tell_of_taking_back(taken, review)


def _waiting(given: Review, proposal: Proposal) -> Review | None:
    """The second look that a first one led to: nobody has given it, and it is the first one now."""
    rows = Review.objects.filter(proposal=proposal, given_at__isnull=True)
    review = rows.select_for_update(of=("self",)).first()
    if review is not None:
        review.kind, review.attempt = given.kind, given.attempt + 1
        review.save(update_fields=["kind", "attempt"])
    return review
