"""Authors are reminded once, while something waits for them and can still be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from budgeting.models import ChangeRequest, Proposal
from budgeting.services.author_reminders import remind_authors
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviewers import publish_verdicts, set_publication
from budgeting.services.reviews import appeal, give_back, give_review, request_changes
from budgeting.tasks import remind_authors as remind_authors_by_task
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.notices.models import Message
from civicfund.notices.services import compose
from civicfund.projects.models import CoAuthor
from tests.factories.budgeting import administrator, begin_voting, draft_cycle, opened, voters
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def asked_for_changes(*, days_ago=12, days_left=1):
    """A request that was made so long ago and is due so soon: tests move the days."""
    _cycle, [proposal] = reviewing_cycle()
    asked = request_changes(proposal, words="Say how wide it is.", by=reviewer())
    now = db_now()
    at = {"asked_at": now - days_ago * DAY, "due_at": now + days_left * DAY}
    ChangeRequest.objects.filter(pk=asked.pk).update(**at)
    return ChangeRequest.objects.select_related("proposal__project").get(pk=asked.pk)


def letters(kind):
    return Message.objects.filter(kind=kind)


def test_authors_are_reminded_once_of_changes_that_are_due_soon():
    asked = asked_for_changes()
    other = UserFactory()
    project = asked.proposal.project
    CoAuthor.objects.create(project=project, user=other)
    remind_authors_by_task()
    remind_authors_by_task()
    assert set(letters("changes_due").values_list("recipient", flat=True)) == {
        project.proposer_id, other.pk,
    }  # fmt: skip
    letter = letters("changes_due").get(recipient=other)
    sent = compose(letter.kind, other, letter.context)
    assert sent.subject == f"Changes are due by {moment(asked.due_at)}: {project.title}"
    assert "Say how wide it is." in sent.body


@pytest.mark.parametrize("days", [{"days_left": 3}, {"days_ago": 1}])
def test_not_long_before_nor_of_what_is_due_soon_anyway(days):
    asked_for_changes(**days)
    assert remind_authors() == 0


def given_back(asked):
    give_back(asked.proposal, by=asked.proposal.project.proposer)


def over(asked):
    ChangeRequest.objects.filter(pk=asked.pk).update(due_at=db_now())


@pytest.mark.parametrize(
    "done", [given_back, over, lambda asked: begin_voting(asked.proposal.cycle)]
)
def test_nobody_is_reminded_of_what_waits_for_them_no_more(done):
    asked = asked_for_changes()
    done(asked)
    assert remind_authors() == 0
    assert not letters("changes_due").exists()


def refused(*, days_ago=5, days_left=1):
    """A no that has been public for so long, in an open cycle; when the time to appeal ends."""
    by, now = administrator(), db_now()
    draft = draft_cycle(by=by, costs_minor=(), voting_starts_in=9 * DAY, voting_ends_in=10 * DAY)
    proposal = submit_proposal(ProjectFactory(), draft.pots.get(), by=by)
    for each in (reviewer(), reviewer()):
        give_review(proposal, **NO, by=each)
    until = now + days_left * DAY
    at = now - days_ago * DAY
    publish_verdicts(set_publication(draft, at=at, appeals_until=until, by=by))
    voters(draft, 1)
    opened(draft)
    return Proposal.objects.select_related("project", "cycle").get(pk=proposal.pk), until


def test_authors_are_reminded_once_that_they_can_appeal():
    proposal, until = refused()
    assert (remind_authors(), remind_authors()) == (1, 0)
    letter = letters("appeal_ends").get()
    assert letter.recipient == proposal.project.proposer
    sent = compose(letter.kind, letter.recipient, letter.context)
    assert sent.subject == f"You can appeal until {moment(until)}: {proposal.project.title}"
    assert NO["reason"] in sent.body


def test_not_of_an_appeal_that_was_made_nor_long_before():
    proposal, _until = refused()
    appeal(proposal, reason="It is not listed.", by=proposal.project.proposer)
    refused(days_left=3)
    refused(days_ago=1)
    assert remind_authors() == 0
