"""A project goes elsewhere, or gets another pot, in the moment in which it comes on the ballot."""

from __future__ import annotations

import pytest

from budgeting.models import Option, Proposal
from budgeting.services.proposals import give_pot, put_on_ballot, submit_proposal
from civicfund.projects.services import edit_project
from tests.budgeting.test_changing_pots import HOUR, north, two_pots
from tests.factories.budgeting import administrator, reviewed
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.races.test_leaving import refusal_of, while_held

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def in_north(*, verdict=True, **dates):
    cycle, place = two_pots(**dates)
    proposal = submit_proposal(ProjectFactory(neighborhood=place), north(cycle), by=administrator())
    return reviewed(proposal, by=administrator()) if verdict else proposal


def move(proposal, place):
    edit_project(proposal.project, by=proposal.project.proposer, neighborhood=place)


def stands(proposal):
    now = Proposal.objects.select_related("project").get(pk=proposal.pk)
    return now.pot, now.project.neighborhood, Option.objects.filter(proposal=proposal).count()


def test_whoever_moves_it_second_is_told_that_it_is_on_the_ballot():
    proposal, by, hill = in_north(), administrator(), NeighborhoodFactory()
    before = stands(proposal)
    got = while_held(lambda: put_on_ballot(proposal, by=by), lambda: move(proposal, hill))
    assert "is on the ballot" in str(got)
    assert stands(proposal) == (*before[:2], 1)


def test_whoever_puts_it_on_the_ballot_second_is_told_that_it_is_elsewhere():
    proposal, by, hill = in_north(), administrator(), NeighborhoodFactory()
    got = while_held(lambda: move(proposal, hill), lambda: put_on_ballot(proposal, by=by))
    assert "rewritten since its review" in str(got)
    assert stands(proposal) == (proposal.pot, hill, 0)


def test_a_line_that_is_written_past_the_services_waits_for_the_move_as_well():
    proposal, hill = in_north(), NeighborhoodFactory()
    said = {"cycle": proposal.cycle, "pot": proposal.pot, "name": "x", "code": "1", "position": 0}

    def line():
        Option.objects.create(**said, cost_minor=1, proposal=proposal)

    got = while_held(lambda: move(proposal, hill), line)
    assert got.__cause__.diag.constraint_name == "option_placed"
    assert stands(proposal) == (proposal.pot, hill, 0)


def test_whoever_gives_it_another_pot_waits_for_the_move_and_goes_by_it():
    proposal, by, hill = in_north(verdict=False), administrator(), NeighborhoodFactory()
    move(proposal, hill)
    cycle, there = proposal.cycle, proposal.pot.place
    town = cycle.pots.exclude(name="North").get()
    give_pot(proposal, town, reason="x", by=by)
    got = while_held(
        lambda: move(proposal, there),
        lambda: give_pot(proposal, north(cycle), reason="It is in North.", by=by),
    )
    assert got is None
    assert stands(proposal) == (north(cycle), there, 0)


def test_of_two_who_give_it_the_same_pot_the_second_is_told_so():
    proposal, by = in_north(verdict=False), administrator()
    town = proposal.cycle.pots.exclude(name="North").get()

    def give():
        give_pot(proposal, town, reason="x", by=by)

    got = while_held(give, give)
    assert "asks this pot already" in str(got)
    assert proposal.pot_changes.count() == 1


def test_what_was_written_down_before_moves_nothing_later():
    over = (-2 * HOUR, -HOUR)
    proposal, by = in_north(verdict=False, proposing=over), administrator()
    pot, town = proposal.pot, proposal.cycle.pots.exclude(name="North").get()
    give_pot(proposal, town, reason="x", by=by)
    give_pot(proposal, pot, reason="x", by=by)
    got = refusal_of(lambda: Proposal.objects.filter(pk=proposal.pk).update(pot=town))
    assert got.__cause__.diag.constraint_name == "proposal_pot_in_time"
    assert stands(proposal)[0] == pot
