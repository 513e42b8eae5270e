"""What the database refuses of reviews and verdicts, whoever asks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from budgeting.enums import ProposalState
from budgeting.models import Proposal, Review, VerdictPublication
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviewers import (
    add_rule,
    plan_reviews,
    set_publication,
)
from budgeting.services.reviews import (
    give_back,
    give_review,
    request_changes,
)
from civicfund.audit.services import db_now
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import administrator, draft_cycle, publish_now
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, announced, reviewer, reviewing_cycle

pytestmark = pytest.mark.django_db


def state_of(proposal):
    return Proposal.objects.get(pk=proposal.pk).state


def update(row, **changes):
    type(row).objects.filter(pk=row.pk).update(**changes)


def test_no_proposal_moves_but_with_the_verdicts_of_its_cycle_after_their_instant():
    cycle, [proposal] = reviewing_cycle()
    give_review(proposal, feasible=True, by=reviewer())
    publication = announced(cycle)
    with refused("verdicts_together"):
        update(proposal, state=ProposalState.FEASIBLE)
    with refused("verdicts_together"):
        update(proposal, state=ProposalState.FEASIBLE, published_with=publication)
    other, _ = reviewing_cycle(0)
    with refused("verdicts_together"):
        elsewhere = publish_now(other, by=administrator())
        update(proposal, state=ProposalState.FEASIBLE, published_with=elsewhere)
    with refused("proposal_moves"):
        update(proposal, state=ProposalState.ON_BALLOT)
    with refused("proposal_moves"):
        Proposal.objects.create(
            cycle=cycle, pot=proposal.pot, project=ProjectFactory(), state=ProposalState.FEASIBLE
        )
    assert state_of(proposal) == "submitted"


def test_a_verdict_is_what_its_last_review_says_and_a_no_takes_two():
    cycle = draft_cycle(costs_minor=())
    by = administrator()
    proposal = submit_proposal(ProjectFactory(), cycle.pots.get(), by=by)
    other = submit_proposal(ProjectFactory(), cycle.pots.get(), by=by)
    give_review(proposal, feasible=True, by=by)
    Review.objects.filter(proposal=other).update(
        given_at=db_now(), reviewer=by, feasible=False, lawful=True, reason="No."
    )
    now = db_now()
    published = set_publication(cycle, at=now, appeals_until=now + timedelta(days=1), by=by)
    no = {"state": ProposalState.NOT_FEASIBLE, "published_with": published}
    with refused("verdict_as_reviewed"):
        update(proposal, **no, reason="No.")
    with refused("verdict_as_reviewed"):
        update(proposal, state=ProposalState.FEASIBLE, published_with=published, reason="Yes!")
    with refused("verdict_no_takes_two"):
        update(other, **no, reason="No.")
    assert (state_of(proposal), state_of(other)) == ("submitted", "submitted")


def test_a_review_that_was_given_is_kept_but_for_its_notes():
    _cycle, [proposal] = reviewing_cycle()
    given = give_review(proposal, feasible=True, notes="Call her.", by=reviewer())
    with refused("review_kept"):
        update(given, feasible=False)
    with refused("review_kept"):
        Review.objects.filter(pk=given.pk)._raw_delete("default")
    with refused("review_kept"):
        update(given, notes="Do not call her.")
    update(given, notes="")
    with refused("review_kept"):
        update(given, notes="Call her.")
    given.refresh_from_db()
    assert (given.feasible, given.notes) == (True, "")


def test_reviews_are_given_in_order_and_never_by_the_proposer_nor_twice_by_one():
    _cycle, [proposal] = reviewing_cycle()
    said = {"given_at": db_now(), "feasible": True, "lawful": True}
    with refused("review_by_somebody_else"):
        update(proposal.reviews.get(), reviewer=proposal.project.proposer, **said)
    with refused("review_in_order"):
        Review.objects.create(proposal=proposal, kind="second", reviewer=reviewer(), **said)
    with refused("review_in_order"):
        Review.objects.create(proposal=proposal, kind="appeal", reviewer=reviewer(), **said)
    first = reviewer()
    give_review(proposal, **NO, by=first)
    with refused("review_by_another_person_each"):
        update(proposal.reviews.get(kind="second"), reviewer=first, **said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("review_given_by_somebody_in_full", {"feasible": True, "lawful": True, "reviewer": None}),
        ("review_given_by_somebody_in_full", {"feasible": True}),
        ("review_says_no_with_a_reason", {"feasible": False, "lawful": True, "reason": " "}),
        ("review_costs_in_order", {"feasible": True, "lawful": True, "cost_low_minor": 1}),
        ("review_kind_known", {"feasible": True, "lawful": True, "kind": "third"}),
        ("review_yearly_cost_not_negative", {"feasible": True, "lawful": True, "yearly_minor": -1}),
    ],
)
def test_a_review_is_whole(name, said):
    _cycle, [proposal] = reviewing_cycle()
    with refused(name):
        update(proposal.reviews.get(), **{"given_at": db_now(), "reviewer": reviewer()} | said)


def test_instants_changes_and_rules_are_as_they_have_to_be():
    cycle, [proposal] = reviewing_cycle()
    publication, by = announced(cycle), reviewer()
    with refused("verdicts_one_instant_to_come"):
        VerdictPublication.objects.create(
            cycle=cycle, at=publication.at, appeals_until=publication.appeals_until, set_by=by
        )
    with refused("verdicts_leave_time_to_appeal"):
        update(publication, appeals_until=publication.at)
    with refused("verdicts_ahead"):
        update(publication, at=db_now() - timedelta(seconds=1))
    with refused("verdicts_not_before_their_instant"):
        update(publication, done_at=db_now())
    asked = request_changes(proposal, words="Say how wide.", by=by)
    with refused("change_request_one_at_a_time"):
        proposal.change_requests.create(asked_by=by, words="Say how long.")
    with refused("change_request_says_what"):
        update(asked, words=" ")
    with refused("review_in_order"):
        update(proposal.reviews.get(), given_at=db_now(), feasible=True, lawful=True)
    give_back(proposal, by=proposal.project.proposer)
    with refused("budgeting_changerequest_frozen"):
        update(asked, words="Say how long.")
    with refused("review_plan_limit_is_positive"):
        plan_reviews(cycle, second_above_minor=0, by=administrator())
    rule = add_rule(cycle, by, by=administrator())
    with refused("reviewer_rule_once"):
        cycle.reviewer_rules.create(reviewer=by)
    with refused("reviewer_rule_category_known"):
        update(rule, category="dreams")
