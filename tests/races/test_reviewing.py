"""Reviewers who look at the same proposal at once: one gives the review, the others are told."""

from __future__ import annotations

from threading import Barrier

import pytest
from django.db import IntegrityError

from budgeting.models import Review
from budgeting.services import reviews
from budgeting.services.errors import RefusedError
from budgeting.services.reviews import give_review
from tests.factories.reviews import reviewer, reviewing_cycle
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def given_at_once(number):
    """What so many reviewers got who gave the first review of one proposal."""
    _cycle, [proposal] = reviewing_cycle()
    people = [reviewer() for _ in range(number)]
    return proposal, at_once(number, lambda n: give_review(proposal, feasible=True, by=people[n]))


def test_one_of_many_gives_a_review_that_is_nobodys_and_the_others_are_told():
    proposal, got = given_at_once(6)
    [made] = [each for each in got if isinstance(each, Review)]
    assert [type(each) for each in got if each is not made] == [RefusedError] * 5
    assert proposal.reviews.get().reviewer == made.reviewer


def test_without_the_lock_the_database_refuses_one_of_two(monkeypatch):
    gate = Barrier(2)

    def careless(_state, proposal, _by):
        found = Review.objects.waiting().select_related("proposal__project").get(proposal=proposal)
        gate.wait(timeout=30)
        return found

    monkeypatch.setattr(reviews, "_mine", careless)
    proposal, got = given_at_once(2)
    assert sorted(type(each).__name__ for each in got) == ["IntegrityError", "Review"]
    [lost] = [each for each in got if isinstance(each, IntegrityError)]
    assert lost.__cause__.diag.constraint_name == "review_kept"
    assert proposal.reviews.given().count() == 1
