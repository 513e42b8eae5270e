"""Administrators who take a line off the ballot at once, and authors who take a project out."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError

from budgeting.models import BallotRemoval, Cycle, Proposal
from budgeting.selectors import results_of
from budgeting.services import ballots, proposals, reviews
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import leave_cycle, take_off_ballot
from budgeting.services.reviews import give_review, request_changes
from civicfund.audit.services import db_now
from tests.budgeting.test_changing_pots import entered, two_pots
from tests.budgeting.test_off_ballot import before_voting, line, lines
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    end_voting,
    open_by_trustees,
)
from tests.factories.reviews import reviewer
from tests.races.test_complaint_locks import elsewhere
from tests.races.test_leaving import while_held
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def taken_off_at_once(number, *positions):
    cycle, _people = before_voting()
    gone = [line(cycle, each).proposal for each in positions]
    people = [administrator() for _ in range(number)]

    def act(n):
        return take_off_ballot(gone[n % len(gone)], reason="It is protected.", by=people[n])

    return cycle, at_once(number, act)


def test_one_of_many_takes_a_line_off_and_the_others_are_told():
    cycle, got = taken_off_at_once(4, 0)
    kinds = sorted(type(each).__name__ for each in got)
    assert kinds == ["BallotRemoval", *["RefusedError"] * 3]
    assert lines(cycle) == [(0, 200_000), (1, 100_000)]


def test_two_lines_taken_off_at_once_leave_no_place_empty():
    cycle, got = taken_off_at_once(2, 0, 1)
    assert [type(each) for each in got] == [BallotRemoval] * 2
    assert lines(cycle) == [(0, 100_000)]


def test_without_the_lock_the_database_refuses_one_of_two(monkeypatch):
    gate = Barrier(2)

    def careless(proposal):
        found = Proposal.objects.select_related("cycle", "pot", "project").get(pk=proposal.pk)
        gate.wait(timeout=30)
        return found

    monkeypatch.setattr(proposals, "take", lambda cycle: Cycle.objects.get(pk=cycle.pk))
    monkeypatch.setattr(proposals, "_hold", careless)
    cycle, got = taken_off_at_once(2, 0)
    assert sorted(type(each).__name__ for each in got) == ["BallotRemoval", "IntegrityError"]
    [lost] = [each for each in got if isinstance(each, IntegrityError)]
    assert lost.__cause__.diag.constraint_name in (
        "removal_of_its_line", "budgeting_ballotremoval_line_key",
    )  # fmt: skip
    assert lines(cycle) == [(0, 200_000), (1, 100_000)]


def cast_while_a_line_goes(monkeypatch):
    """What wins with one ballot for the second line that was checked just before the first went,
    and was cast just after voting had begun.
    """
    cycle, [person] = before_voting(1, amount_minor=200_000)
    honest, gone = ballots.checked, []

    def slow(*given):
        kept = honest(*given)
        if not gone:
            gone.append(take_off_ballot(line(cycle, 0).proposal, reason="x", by=administrator()))
            begin_voting(cycle)
        return kept

    monkeypatch.setattr(ballots, "checked", slow)
    wanted = line(cycle, 1)
    choice = {wanted.pot_id: ballots.Choice([wanted.code])}
    ballots.cast(Cycle.objects.get(pk=cycle.pk), person, choice)
    end_voting(cycle)
    count_cycle(open_by_trustees(close_cycle(cycle)))
    [result] = results_of(cycle)
    return [each.option.cost_minor for each in result.winners]


def test_a_ballot_that_was_checked_before_a_line_went_is_for_what_the_voter_chose(monkeypatch):
    assert cast_while_a_line_goes(monkeypatch) == [200_000]


def test_without_a_second_look_it_would_be_for_another_project(monkeypatch):
    as_read = ballots._cast_as_read

    def careless(cycle, entry, channel, written, _read_at):
        return as_read(cycle, entry, channel, written, db_now() + timedelta(days=9))

    monkeypatch.setattr(ballots, "_cast_as_read", careless)
    assert cast_while_a_line_goes(monkeypatch) == [100_000]


def test_one_of_two_takes_a_project_out_and_the_other_is_told():
    cycle, place = two_pots()
    proposal = entered(cycle, place)
    author = proposal.project.proposer
    got = at_once(2, lambda _n: leave_cycle(Proposal.objects.get(pk=proposal.pk), by=author))
    assert sorted(type(each).__name__ for each in got) == ["Proposal", "RefusedError"]
    [told] = [each for each in got if isinstance(each, RefusedError)]
    assert "not in the cycle any more" in str(told)


def leave(proposal):
    return leave_cycle(proposal, by=proposal.project.proposer)


def give(proposal):
    return give_review(proposal, feasible=True, by=reviewer())


def ask(proposal):
    return request_changes(proposal, words="Say how wide.", by=reviewer())


@pytest.mark.parametrize("act", [give, ask])
def test_whoever_reviews_while_it_is_taken_out_is_told(act):
    proposal = entered(*two_pots())
    got = while_held(lambda: leave(proposal), lambda: act(proposal))
    assert isinstance(got, RefusedError)
    assert "took it out" in str(got)
    assert not proposal.reviews.given().exists()
    assert not proposal.change_requests.exists()


def test_what_is_reviewed_first_is_taken_out_with_its_review():
    proposal = entered(*two_pots())
    assert while_held(lambda: give(proposal), lambda: leave(proposal)) is None
    proposal.refresh_from_db()
    assert (proposal.state, proposal.reviews.given().count()) == ("left", 1)


def test_without_the_lock_the_database_refuses_the_review(monkeypatch):
    proposal, version_now = entered(*two_pots()), reviews.version_now

    def meanwhile(project):
        assert elsewhere(lambda: leave(Proposal.objects.get(pk=proposal.pk))).state == "left"
        return version_now(project)

    monkeypatch.setattr(reviews, "_hold", lambda each: each)
    monkeypatch.setattr(reviews, "version_now", meanwhile)
    with pytest.raises(IntegrityError) as lost:
        give(proposal)
    assert lost.value.__cause__.diag.constraint_name == "review_in_order"
    assert not proposal.reviews.given().exists()
