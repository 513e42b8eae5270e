from __future__ import annotations

import psycopg
import pytest
from django.db import connection
from django.urls import reverse

from budgeting.domain.digest import election_digest
from budgeting.domain.election import BallotKind, Ballots, Election, Option
from budgeting.enums import CycleState
from budgeting.models import OpenedBallot, Tally
from budgeting.selectors import counting_progress
from budgeting.services import inputs, memory
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle, count_pot, due_to_count
from budgeting.services.inputs import read_inputs
from budgeting.tasks import close_due_cycles, count_due_cycles
from tests.factories.budgeting import (
    cast_positions,
    codes,
    end_voting,
    open_by_trustees,
    running_cycle,
)

pytestmark = pytest.mark.django_db


def unsealed(votes, **cycle):
    """A cycle whose ballots are opened: one voter for each of the votes."""
    running, people = running_cycle(len(votes), **cycle)
    for person, positions in zip(people, votes, strict=True):
        cast_positions(running, person, positions)
    end_voting(running)
    return open_by_trustees(close_cycle(running))


def test_the_sweeps_take_a_cycle_from_its_closing_instant_to_its_outcome():
    cycle, people = running_cycle(3)
    for person, positions in zip(people, [[0], [0, 2], [1]], strict=True):
        cast_positions(cycle, person, positions)
    end_voting(cycle)
    close_due_cycles()
    cycle.refresh_from_db()
    assert cycle.state == CycleState.CLOSED
    open_by_trustees(cycle)
    count_due_cycles()
    cycle.refresh_from_db()
    assert cycle.state == CycleState.COUNTED
    pot = cycle.pots.get()
    tally = Tally.objects.get(binding=True)
    assert tally.rule == "greedy"
    assert tally.outcome["selected"] == [codes(pot)[0], *tally.outcome["selected"][1:]]
    assert tally.outcome["total_cost_minor"] <= 500_000
    assert (tally.ballots, tally.distinct_ballots) == (3, 3)
    assert set(tally.reasons) == set(codes(pot))


def test_counting_again_writes_nothing_more():
    cycle = unsealed([[0], [1]])
    assert count_cycle(cycle) is True
    first = list(Tally.objects.order_by("pk").values_list("pk", "digest"))
    count_pot(cycle, cycle.pots.get())
    assert list(Tally.objects.order_by("pk").values_list("pk", "digest")) == first
    assert due_to_count() == []


def test_another_common_rule_is_shown_beside_the_binding_one():
    cycle = unsealed([[0], [1]])
    count_cycle(cycle)
    assert set(Tally.objects.values_list("rule", "binding")) == {
        ("greedy", True),
        ("equal_shares_cost_greedy", False),
        ("equal_shares_cardinality_greedy", False),
        ("phragmen", False),
    }


def test_a_cycle_in_which_nobody_voted_is_counted_with_no_winner():
    cycle = unsealed([])
    count_cycle(cycle)
    cycle.refresh_from_db()
    assert cycle.state == CycleState.COUNTED
    tally = Tally.objects.get(binding=True)
    assert (tally.ballots, tally.outcome["selected"]) == (0, [])


def test_while_another_worker_counts_nothing_is_done():
    cycle = unsealed([[0]])
    with psycopg.connect(**connection.get_connection_params()) as elsewhere:
        elsewhere.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x7A11, cycle.pk])
        assert count_cycle(cycle) is False
        assert Tally.objects.count() == 0
    assert count_cycle(cycle) is True


def test_the_digest_is_that_of_the_same_election_written_by_anyone():
    cycle = unsealed([[0, 2], [1], [0, 2]])
    pot = cycle.pots.get()
    options = tuple(
        Option(code, cost)
        for code, cost in zip(codes(pot), (300_000, 200_000, 100_000), strict=True)
    )
    votes = [([1], None, 1), ([0, 2], None, 1), ([2, 0], None, 1)]
    ballots = Ballots.from_rows(BallotKind.APPROVAL, votes, 3)
    assert read_inputs(cycle, pot).digest == election_digest(Election(options, 500_000, ballots))


def test_identical_ballots_are_one_row_with_their_number():
    cycle = unsealed([[0, 2], [1], [0, 2]])
    ballots = read_inputs(cycle, cycle.pots.get()).election.ballots
    assert sorted(ballots.rows()) == [([0, 2], None, 2), ([1], None, 1)]
    assert ballots.count == 3


@pytest.mark.parametrize(
    ("kind", "lines", "rows"),
    [
        (
            BallotKind.APPROVAL,
            b"2 0 2\n1\n7 1\n",
            [([0, 2], None, 2), ([], None, 1), ([1], None, 7)],
        ),
        (BallotKind.SCORING, b"1 0 2 9 8\n3\n", [([0, 2], [9, 8], 1), ([], [], 3)]),
        (BallotKind.RANKING, b"4 2 0 1\n", [([2, 0, 1], None, 4)]),
    ],
)
def test_lines_become_arrays(kind, lines, rows):
    parts = [inputs._parsed(lines, kind)]
    assert list(inputs._joined(kind, 3, parts).rows()) == rows


def test_ballots_are_read_in_pieces_without_losing_any(monkeypatch):
    monkeypatch.setattr(inputs, "_CHUNK_BYTES", 5)
    cycle = unsealed([[0], [1], [2], [0, 1], [0, 1]])
    seen = []
    ballots = read_inputs(cycle, cycle.pots.get(), on_read=seen.append).election.ballots
    assert ballots.count == 5
    assert sorted(ballots.weights) == [1, 1, 1, 2]
    assert seen == sorted(seen)
    assert seen[-1] == 4


def test_progress_is_said_while_counting_and_gone_afterwards(monkeypatch):
    cycle = unsealed([[0]])
    said = []
    real = inputs.read_inputs

    def watched(cycle, pot, *, on_read):
        def also(different):
            on_read(different)
            said.append(counting_progress(cycle))

        return real(cycle, pot, on_read=also)

    monkeypatch.setattr("budgeting.services.counting.read_inputs", watched)
    count_cycle(cycle)
    assert [(progress.stage, progress.done, progress.total) for progress in said] == [
        ("reading", 1, 1)
    ]
    assert counting_progress(cycle) is None


def test_nothing_in_an_opened_ballot_leads_to_a_voter():
    assert {field.name for field in OpenedBallot._meta.get_fields()} == {
        "id",
        "cycle",
        "pot",
        "options",
        "points",
    }


def test_an_election_too_large_for_memory_is_refused_with_its_estimate(settings, client):
    cycle = unsealed([[0], [0, 1]])
    settings.COUNTING_MEMORY_MIB = 16
    count_due_cycles()
    cycle.refresh_from_db()
    assert cycle.state == CycleState.UNSEALED
    assert Tally.objects.count() == 0
    said = counting_progress(cycle)
    assert (said.stage, said.done, said.total) == ("too_large", 16, 33)
    page = " ".join(client.get(reverse("results", args=[cycle.slug])).content.decode().split())
    assert "takes about 33 MiB of memory, and 16 MiB are free" in page
    settings.COUNTING_MEMORY_MIB = 64
    count_due_cycles()
    cycle.refresh_from_db()
    assert cycle.state == CycleState.COUNTED
    assert counting_progress(cycle) is None


def test_identical_ballots_take_the_memory_of_one(settings):
    cycle = unsealed([[0], [0], [0], [1, 2]])
    [pot] = cycle.pots.all()
    assert memory._size(memory._ALL, pot) == memory.Size(4, 5, 2, points=False, ranked=False)
    assert memory._size(memory._DIFFERENT, pot) == memory.Size(2, 3, 2, points=False, ranked=False)


def test_what_is_free_is_known_of_this_machine():
    assert memory.bytes_free() > 2**20
