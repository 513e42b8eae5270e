"""Proposals that wait for their review, in a cycle that is open and not voted on yet."""

from __future__ import annotations

from datetime import timedelta

from budgeting.models import ChangeRequest, Cycle, Proposal, VerdictPublication
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviewers import set_publication
from budgeting.services.reviews import give_review
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from tests.factories.budgeting import administrator, draft_cycle, opened, publish_now, voters
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

NO = {"feasible": False, "reason": "The bridge is listed."}


def reviewer() -> User:
    """Somebody who reviews proposals, and nothing else."""
    user = UserFactory()
    grant_role(user, Role.REVIEWER, by=None)
    return user


def reviewing_cycle(proposals: int = 1, **project: object) -> tuple[Cycle, list[Proposal]]:
    """An open cycle whose voting begins tomorrow, and proposals that nobody has looked at."""
    by, day = administrator(), timedelta(days=1)
    draft = draft_cycle(by=by, costs_minor=(), voting_starts_in=day, voting_ends_in=2 * day)
    voters(draft, 1)
    cycle = opened(draft)
    pot = cycle.pots.get()
    made = [submit_proposal(ProjectFactory(**project), pot, by=by) for _ in range(proposals)]
    return cycle, made


def time_is_over(asked: ChangeRequest) -> None:
    """The time for changes ends at this instant, unanswered: tests move the day, not the clock."""
    ChangeRequest.objects.filter(pk=asked.pk).update(due_at=db_now())


def announced(cycle: Cycle) -> VerdictPublication:
    """Verdicts are to become public in an hour."""
    at = db_now() + timedelta(hours=1)
    until = at + timedelta(hours=5)
    return set_publication(cycle, at=at, appeals_until=until, by=administrator())


def refused_publicly() -> tuple[Cycle, Proposal, tuple[User, User]]:
    """A cycle with a proposal whose no is public, and its two reviewers."""
    cycle, [proposal] = reviewing_cycle()
    reviewers = (reviewer(), reviewer())
    for each in reviewers:
        give_review(proposal, **NO, by=each)
    publish_now(cycle, by=administrator())
    proposal.refresh_from_db()
    return cycle, proposal, reviewers
