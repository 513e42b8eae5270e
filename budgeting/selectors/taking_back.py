"""Whether a review can be taken back, and what can be done where it cannot."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from budgeting.enums import BEFORE_THE_CLOSE, CycleState, ProposalState, ReviewKind
from budgeting.models import Proposal, Review
from budgeting.selectors.reviews import next_verdicts
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.projects.enums import LISTED_STATES


def is_theirs_to_take_back(review: Review, user: User) -> bool:
    """Whether somebody gave a review, or administers all of them."""
    gave = review.reviewer_id == user.pk and has_role(user, Role.REVIEWER)
    return gave or has_role(user, Role.BUDGET_ADMINISTRATOR)


def why_review_stays(review: Review, proposal: Proposal, state: str, now: datetime) -> str:
    """Why a review of the proposal stays, and what to do instead; empty where it can be taken back.

    ``state`` is that of its cycle.
    """
    if review.given_at is None:
        return _("This review was not given yet.")
    if getattr(review, "taken_back", None) is not None:
        return _("This review was taken back already.")
    if state not in BEFORE_THE_CLOSE:
        return _("This cycle is over: what was said in it stays.")
    if words := _why_public(review, proposal):
        return words
    if proposal.has_left or proposal.project.state not in LISTED_STATES:
        return _("The project is not in the cycle now: nothing is decided on it.")
    begins = proposal.cycle.voting_starts_at
    if state == CycleState.OPEN and begins is not None and begins <= now:
        return _("Voting has begun: nothing more is decided here, and nobody is asked anew.")
    if words := _why_not_last(review, proposal):
        return words
    verdicts = next_verdicts(proposal.cycle)
    if verdicts is not None and verdicts.at <= now:
        return _("The instant has passed: the verdicts are being published.")
    return ""


def _why_public(review: Review, proposal: Proposal) -> str:
    appealed = getattr(proposal, "appeal", None)
    if review.kind == ReviewKind.APPEAL and appealed and not appealed.published_with_id:
        return ""
    if proposal.state in (ProposalState.SUBMITTED, ProposalState.LEFT):
        return ""
    if proposal.state == ProposalState.ON_BALLOT:
        return _(
            "Its verdict is public, and it is on the ballot at the cost that was found."
            " Until voting begins an administrator can take it off the ballot, with a reason for"
            " everybody."
        )
    if proposal.state == ProposalState.FEASIBLE:
        return _(
            "Its verdict is public, and stays. Once its authors have corrected what the project"
            " says or costs, it can be reviewed again."
        )
    if proposal.state == ProposalState.NOT_FEASIBLE and appealed is None:
        return _("Its verdict is public, and stays. Its authors can appeal: then another looks.")
    return _("Its verdict is public, and stays.")


def _why_not_last(review: Review, proposal: Proposal) -> str:
    later = Review.objects.filter(proposal=proposal, round__gt=review.round)
    if later.exists():
        return _("It is looked at again from the beginning: what was said before decides nothing.")
    last = Review.objects.given().filter(proposal=proposal).last()
    if last is not None and last.pk != review.pk:
        return _("Somebody has looked at it since, and decides: take that review back first.")
    return ""
