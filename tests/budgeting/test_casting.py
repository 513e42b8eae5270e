from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgeting.enums import BallotKind, CycleState, PhaseKind
from budgeting.models import Casting, OpenedBallot, Participation, RollEntry, SealedBallot
from budgeting.selectors import running_cycles
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle, due_to_close
from budgeting.services.cycles import add_pot, cancel_cycle, request_cancelling
from budgeting.services.errors import (
    BallotRefusedError,
    NotOnRollError,
    RefusedError,
    VotingClosedError,
)
from budgeting.services.unsealing import unseal
from budgeting.services.urns import put_in_urn, urn_of
from civicfund.audit.models import Event
from tests.factories.budgeting import (
    add_options,
    administrator,
    cast_positions,
    codes,
    draft_cycle,
    end_voting,
    in_urn,
    open_by_trustees,
    opened,
    running_cycle,
    trustees,
    voters,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db


def opened_rows():
    return sorted(OpenedBallot.objects.values_list("options", flat=True))


def test_the_first_cast_says_when_and_the_second_that_it_changed():
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    first = cast(cycle, person, {pot.pk: Choice(codes(pot)[:1])})
    second = cast(cycle, person, {pot.pk: Choice(codes(pot)[1:])})
    assert (first.changed, second.changed) == (False, True)
    assert first.at < second.at
    assert Participation.objects.get().at == first.at
    assert list(Casting.objects.order_by("version").values_list("version", "cast_at")) == [
        (1, first.at),
        (2, second.at),
    ]
    assert in_urn(cycle) == [
        {str(pot.pk): {"options": [0], "points": None}},
        {str(pot.pk): {"options": [1, 2], "points": None}},
    ]


def test_only_the_last_version_of_each_voter_is_opened():
    cycle, people = running_cycle(3)
    cast_positions(cycle, people[0], [0])
    cast_positions(cycle, people[1], [2])
    cast_positions(cycle, people[0], [1, 2])
    end_voting(cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    assert cycle.state == CycleState.UNSEALED
    assert cycle.void_ballots == 0
    assert opened_rows() == [[1, 2], [2]]


def test_somebody_who_is_not_on_the_roll_is_refused():
    cycle, _ = running_cycle()
    with pytest.raises(NotOnRollError):
        cast_positions(cycle, UserFactory(), [0])
    assert Participation.objects.count() == 0


def test_a_vote_before_voting_begins_is_refused():
    cycle, [person] = running_cycle(voting_starts_in=timedelta(minutes=1))
    with pytest.raises(VotingClosedError, match="has not begun"):
        cast_positions(cycle, person, [0])
    assert Participation.objects.count() == 0


def test_a_vote_in_a_draft_is_refused():
    cycle = draft_cycle()
    [person] = voters(cycle, 1)
    with pytest.raises(VotingClosedError, match="has not begun"):
        cast_positions(cycle, person, [0])


def test_a_vote_after_the_closing_instant_is_refused_though_no_sweep_has_closed_the_cycle():
    cycle, [person] = running_cycle()
    end_voting(cycle)
    assert cycle.state == CycleState.OPEN
    with pytest.raises(VotingClosedError, match="is closed"):
        cast_positions(cycle, person, [0])
    assert SealedBallot.objects.count() == 0


def test_a_vote_in_a_cancelled_cycle_is_refused():
    cycle, [person] = running_cycle()
    request_cancelling(cycle, by=administrator(), reason="The pot was spent elsewhere.")
    cancel_cycle(cycle, by=administrator())
    with pytest.raises(VotingClosedError, match="cancelled"):
        cast_positions(cycle, person, [0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["0", "nonsense"], "not on the ballot"),
        (["0", "0"], "twice"),
        (["0", "1", "2"], "allows 2"),
    ],
)
def test_a_ballot_that_breaks_its_rules_is_refused_and_says_where(options, words):
    cycle, [person] = running_cycle(max_options=2)
    pot = cycle.pots.get()
    named = dict(zip("012", codes(pot), strict=True))
    with pytest.raises(BallotRefusedError) as refusal:
        cast(cycle, person, {pot.pk: Choice([named.get(option, option) for option in options])})
    assert words in refusal.value.by_pot[pot.pk]
    assert Participation.objects.count() == SealedBallot.objects.count() == 0


def test_points_are_refused_where_the_ballot_takes_none():
    cycle, [person] = running_cycle()
    pot = cycle.pots.get()
    with pytest.raises(BallotRefusedError) as refusal:
        cast(cycle, person, {pot.pk: Choice(codes(pot)[:1], points=[5])})
    assert refusal.value.by_pot == {pot.pk: "This ballot takes no points."}


def test_an_empty_ballot_is_refused():
    cycle, [person] = running_cycle()
    with pytest.raises(BallotRefusedError, match="at least one"):
        cast(cycle, person, {cycle.pots.get().pk: Choice([])})


def test_a_knapsack_that_fits_exactly_is_cast_and_one_cent_more_is_refused():
    cycle, [person] = running_cycle(
        kind=BallotKind.KNAPSACK, costs_minor=(300_000, 200_000, 200_001), amount_minor=500_000
    )
    pot = cycle.pots.get()
    cast_positions(cycle, person, [0, 1])
    with pytest.raises(BallotRefusedError) as refusal:
        cast_positions(cycle, person, [0, 2])
    assert "€0.01" in refusal.value.by_pot[pot.pk]
    assert SealedBallot.objects.count() == 1


def two_pots(**cycle_options):
    by = administrator()
    here, elsewhere = NeighborhoodFactory(), NeighborhoodFactory()
    cycle = draft_cycle(by=by, **cycle_options)
    for place in (here, elsewhere):
        pot = add_pot(cycle, place, name=place.name, amount_minor=100_000, by=by)
        add_options(pot, [50_000, 60_000], by=by)
    [person] = voters(cycle, 1, by=by, neighborhood=here)
    return opened(cycle), person


def test_a_voter_decides_on_the_city_and_on_their_own_neighborhood_in_one_sitting():
    cycle, person = two_pots()
    city, here, _ = cycle.pots.all()
    cast(cycle, person, {city.pk: Choice(codes(city)[2:]), here.pk: Choice(codes(here)[:1])})
    end_voting(cycle)
    open_by_trustees(close_cycle(cycle))
    assert set(OpenedBallot.objects.values_list("pot", "options__0")) == {
        (city.pk, 2),
        (here.pk, 0),
    }


def test_nobody_decides_on_another_neighborhoods_pot():
    cycle, person = two_pots()
    city, _, elsewhere = cycle.pots.all()
    both = {city.pk: Choice(codes(city)[:1]), elsewhere.pk: Choice(codes(elsewhere)[:1])}
    with pytest.raises(BallotRefusedError) as refusal:
        cast(cycle, person, both)
    assert refusal.value.by_pot == {elsewhere.pk: "You do not vote on this pot."}
    assert SealedBallot.objects.count() == 0


def test_a_pot_left_empty_is_an_abstention():
    cycle, person = two_pots()
    city, here, _ = cycle.pots.all()
    cast(cycle, person, {city.pk: Choice([]), here.pk: Choice(codes(here)[:1])})
    assert list(in_urn(cycle)[0]) == [str(here.pk)]


def test_there_is_no_early_closing(settings):
    settings.CLOSING_GRACE_SECONDS = 60
    cycle, _ = running_cycle()
    end_voting(cycle)
    assert due_to_close() == []
    with pytest.raises(RefusedError, match="not over"):
        close_cycle(cycle)
    cycle.refresh_from_db()
    assert cycle.state == CycleState.OPEN
    settings.CLOSING_GRACE_SECONDS = 0
    assert due_to_close() == [cycle]


def test_closing_and_opening_twice_changes_nothing_more():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    end_voting(cycle)
    for _ in range(2):
        close_cycle(cycle)
    open_by_trustees(cycle)
    with pytest.raises(RefusedError, match="once only"):
        unseal(cycle, trustees()[1:])
    assert opened_rows() == [[0]]


def test_a_ballot_that_breaks_its_rules_is_void_and_said_to_be():
    """Only somebody who changed the program could have sealed one."""
    cycle, [person, forger] = running_cycle(2)
    cast_positions(cycle, person, [0])
    cast_positions(cycle, forger, [1])
    pot = cycle.pots.get()
    entry = RollEntry.objects.get(claimed_by=forger)
    forged = {
        str(pot.pk): {"options": [2, 2, 2], "points": None},
        "0": {"options": [1], "points": None},
    }
    put_in_urn(urn_of(cycle), entry.pk, 2, forged)
    end_voting(cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    assert opened_rows() == [[0]]
    assert cycle.void_ballots == 2
    assert (cycle.board.kept, cycle.board.counted, cycle.board.void) == (2, 1, 1)


def test_a_ballot_in_a_slot_of_nobody_is_left_out_and_said_to_be():
    cycle, [person, stranger] = running_cycle(2)
    cast_positions(cycle, person, [0])
    pot = cycle.pots.get()
    choices = {str(pot.pk): {"options": [1], "points": None}}
    entry = RollEntry.objects.get(claimed_by=stranger)
    put_in_urn(urn_of(cycle), entry.pk, 1, choices)
    end_voting(cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    assert opened_rows() == [[0]]
    assert Event.objects.get(verb="cycle.board_closed").data["foreign"] == 1


def test_the_cycle_says_what_may_be_done_now():
    cycle, _ = running_cycle()
    assert [phase.kind for phase in cycle.phases.current()] == [PhaseKind.BALLOTING]
    assert cycle.phase_now.kind == PhaseKind.BALLOTING
    with CaptureQueriesContext(connection) as queries:
        [listed] = running_cycles()
        assert listed.phase_now.kind == PhaseKind.BALLOTING
    end_voting(cycle)
    assert cycle.phase_now is None
    assert len(queries) == 3
