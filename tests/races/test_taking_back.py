"""A review is taken back in the moment in which it is published, or given, or taken back."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError

from budgeting.models import Proposal, Review, ReviewTakenBack
from budgeting.services import taking_back
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviewers import publish_verdicts, set_publication
from budgeting.services.reviews import give_review
from budgeting.services.taking_back import take_back_review
from civicfund.audit.services import db_now
from tests.factories.budgeting import administrator, draft_cycle
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import NO, reviewer, reviewing_cycle
from tests.races.test_leaving import while_held
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def back(review, by=None):
    return take_back_review(review, reason="It is wrong.", by=by or review.reviewer)


def about_to_be_public():
    """A yes, and the verdicts whose instant has come."""
    cycle = draft_cycle(by=(by := administrator()), costs_minor=())
    proposal = submit_proposal(ProjectFactory(), cycle.pots.get(), by=by)
    review = give_review(proposal, feasible=True, by=by)
    at = db_now() + timedelta(seconds=1)
    return review, set_publication(cycle, at=at, appeals_until=at + timedelta(hours=1), by=by)


def publish(publication):
    while not publication.done_at:
        publish_verdicts(publication)
        publication.refresh_from_db()


def state_of(review):
    return Proposal.objects.get(pk=review.proposal_id).state


def test_what_is_taken_back_before_the_instant_is_not_published():
    review, publication = about_to_be_public()
    assert while_held(lambda: back(review), lambda: publish(publication)) is None
    assert state_of(review) == "submitted"
    assert Review.objects.waiting().filter(proposal=review.proposal_id).count() == 1


def test_what_is_being_published_is_not_taken_back():
    review, publication = about_to_be_public()
    got = while_held(lambda: publish(publication), lambda: back(review))
    assert "Its verdict is public" in str(got)
    assert (state_of(review), ReviewTakenBack.objects.count()) == ("feasible", 0)


def test_control_without_a_look_the_database_refuses_what_was_published_meanwhile():
    review, publication = about_to_be_public()

    def careless():
        by = administrator()
        ReviewTakenBack.objects.create(review=review, by=by, reason="It is wrong.")

    got = while_held(lambda: publish(publication), careless)
    assert got.__cause__.diag.constraint_name == "review_taken_back_while_it_decides"
    assert (state_of(review), ReviewTakenBack.objects.count()) == ("feasible", 0)


def test_one_of_many_takes_it_back_and_the_others_are_told():
    _cycle, [proposal] = reviewing_cycle()
    review = give_review(proposal, feasible=True, by=reviewer())
    people = [review.reviewer, *(administrator() for _ in range(3))]
    got = at_once(4, lambda n: back(review, by=people[n]))
    kinds = sorted(type(each).__name__ for each in got)
    assert kinds == [*["RefusedError"] * 3, "ReviewTakenBack"]
    assert proposal.reviews.filter(given_at=None).count() == 1


def test_without_the_lock_the_database_refuses_one_of_two(monkeypatch):
    _cycle, [proposal] = reviewing_cycle()
    review = give_review(proposal, feasible=True, by=reviewer())
    gate = Barrier(2)

    def careless(*_given):
        gate.wait(timeout=30)
        return ""

    monkeypatch.setattr(taking_back, "why_review_stays", careless)
    monkeypatch.setattr(taking_back, "_hold", lambda pk: Proposal.objects.get(pk=pk))
    got = at_once(2, lambda n: back(review, by=[review.reviewer, administrator()][n]))
    assert sorted(type(each).__name__ for each in got) == ["IntegrityError", "ReviewTakenBack"]
    [lost] = [each for each in got if isinstance(each, IntegrityError)]
    assert lost.__cause__.diag.constraint_name == "review_taken_back_while_it_decides"
    assert proposal.reviews.filter(given_at=None).count() == 1


def test_of_a_first_one_taken_back_and_a_second_one_given_one_comes_first():
    for first_to_act in (0, 1):
        _cycle, [proposal] = reviewing_cycle()
        mine, other = reviewer(), reviewer()
        no = give_review(proposal, **NO, by=mine)
        acts = [
            lambda no=no: back(no),
            lambda proposal=proposal, other=other: give_review(proposal, feasible=True, by=other),
        ]
        got = while_held(acts[first_to_act], acts[1 - first_to_act])
        assert isinstance(got, RefusedError)
        told = "looks at it" if first_to_act == 0 else "take that review back first"
        assert told in str(got)
        assert proposal.reviews.count() == 2
