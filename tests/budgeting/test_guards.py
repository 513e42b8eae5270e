"""What the database refuses, whoever asks: each constraint and trigger is broken here."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from budgeting.enums import CycleState, PhaseKind, ProposalState
from budgeting.models import (
    Board,
    Casting,
    Cycle,
    OpenedBallot,
    Option,
    Participation,
    Phase,
    Pot,
    Proposal,
    RollEntry,
    SealedBallot,
    Tally,
)
from budgeting.services import cycles
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_pot
from budgeting.services.errors import RefusedError
from budgeting.services.trustees import approve_unsealing, request_unsealing
from budgeting.services.unsealing import unseal
from civicfund.audit.services import db_now
from tests.factories.budgeting import (
    add_options,
    administrator,
    cast_positions,
    draft_cycle,
    end_voting,
    open_by_trustees,
    opened,
    running_cycle,
    trustees,
    voters,
    without_guard,
    write_opened,
)
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db


@contextmanager
def refused(name):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        yield
    assert error.value.__cause__.diag.constraint_name == name


def closed_cycle(**options):
    """Voting is over, the ballots are not opened yet."""
    cycle, _ = running_cycle(**options)
    end_voting(cycle)
    return close_cycle(cycle)


def opened_ballot(cycle, options, points=None):
    pot = cycle.pots.first()
    return OpenedBallot(cycle=cycle, pot=pot, options=options, points=points)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("origin", "dreamt", "cycle_origin_known"),
        ("ballot_kind", "shouting", "cycle_ballot_kind_known"),
        ("ties", "coin", "cycle_ties_known"),
        ("currency", "eur", "cycle_currency_is_a_code"),
        ("cancel_reason", "because", "cycle_cancelled_iff_reason"),
        ("published_at", "2026-01-01T00:00Z", "cycle_published_at_iff_published"),
        ("tie_seed", "00" * 32, "cycle_tie_seed_was_committed"),
        ("state", "closed", "cycle_moves"),
        ("state", "open", "cycle_needs_two_people"),
        ("state", "cancelled", "cycle_needs_two_people"),
    ],
)
def test_a_draft_cycle_cannot_become(field, value, name):
    cycle = draft_cycle()
    with refused(name):
        Cycle.objects.filter(pk=cycle.pk).update(**{field: value})


def test_an_unknown_state_is_no_move():
    cycle = draft_cycle()
    with refused("cycle_moves"):
        Cycle.objects.filter(pk=cycle.pk).update(state="dreaming")


def test_a_cycle_is_not_made_open():
    with refused("cycle_moves"):
        Cycle.objects.create(
            slug="x", title="X", state=CycleState.OPEN, ballot_kind="approval", currency="EUR"
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ballot_kind", "knapsack"),
        ("rule", "phragmen"),
        ("rule_parameters", {"threshold": 3}),
        ("ties", "lexicographic"),
        ("tie_seed", ""),
        ("tie_commitment", "0"),
        ("currency", "PLN"),
        ("slug", "other"),
        ("origin", "imported"),
    ],
)
def test_the_rules_of_an_open_cycle_do_not_move(field, value):
    cycle = opened(draft_cycle())
    with refused("budgeting_cycle_frozen"):
        Cycle.objects.filter(pk=cycle.pk).update(**{field: value})


def test_an_open_cycle_is_kept():
    cycle = opened(draft_cycle())
    with refused("cycle_kept"):
        Cycle.objects.filter(pk=cycle.pk)._raw_delete("default")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda c: Phase.objects.filter(cycle=c).update(ends_at=db_now()), "phase"),
        (lambda c: Phase.objects.filter(cycle=c)._raw_delete("default"), "phase"),
        (lambda c: Pot.objects.filter(cycle=c).update(amount_minor=1), "pot"),
        (lambda c: Pot.objects.filter(cycle=c)._raw_delete("default"), "pot"),
    ],
)
def test_phases_and_pots_of_an_open_cycle_do_not_move(change, name):
    cycle = opened(draft_cycle())
    with refused(f"{name}_frozen_when_opened"):
        change(cycle)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: Option.objects.filter(cycle=c).update(cost_minor=1),
        lambda c: Option.objects.filter(cycle=c)._raw_delete("default"),
        lambda c: Option.objects.create(
            cycle=c, pot=c.pots.get(), position=9, code="9", name="Late", cost_minor=1
        ),
    ],
)
def test_options_do_not_move_once_voting_has_begun(change):
    cycle = opened(draft_cycle())
    with refused("option_frozen_when_voting"):
        change(cycle)


def test_options_may_still_come_before_voting_begins():
    cycle = opened(draft_cycle(voting_starts_in=timedelta(minutes=30)))
    Option.objects.create(
        cycle=cycle, pot=cycle.pots.get(), position=9, code="9", name="In time", cost_minor=1
    )
    assert cycle.options.count() == 4


LINE_CHANGES = [
    lambda c: RollEntry.objects.filter(cycle=c).update(person_key="0" * 64),
    lambda c: RollEntry.objects.filter(cycle=c).update(place=NeighborhoodFactory()),
    lambda c: RollEntry.objects.filter(cycle=c).update(batch=None),
    lambda c: RollEntry.objects.filter(cycle=c)._raw_delete("default"),
]


@pytest.mark.parametrize("change", LINE_CHANGES)
@pytest.mark.parametrize("begun", [True, False])
def test_a_line_of_the_roll_stays_as_it_came(change, begun):
    cycle = draft_cycle()
    voters(cycle, 1)
    before = list(cycle.roll.values())
    if begun:
        opened(cycle)
    with refused("roll_line_kept"):
        change(cycle)
    assert list(cycle.roll.values()) == before


def test_the_roll_does_not_grow_once_voting_is_over():
    cycle, _ = running_cycle()
    entry = RollEntry.objects.get(cycle=cycle)
    end_voting(cycle)
    with refused("roll_in_time"):
        RollEntry.objects.create(
            cycle=cycle, place=entry.place, batch=entry.batch, person_key="1" * 64
        )


def test_an_erased_person_leaves_the_line_of_the_roll():
    cycle, _ = running_cycle()
    RollEntry.objects.filter(cycle=cycle).update(claimed_by=None)
    assert RollEntry.objects.get(cycle=cycle).claimed_by is None


def test_one_voting_phase_and_none_that_ends_before_it_starts():
    cycle = draft_cycle()
    now = db_now()
    later = {"starts_at": now + timedelta(days=9), "ends_at": now + timedelta(days=10)}
    with refused("phase_one_voting"):
        Phase.objects.create(cycle=cycle, kind=PhaseKind.BALLOTING, **later)
    with refused("phase_ends_after_it_starts"):
        Phase.objects.create(cycle=cycle, kind=PhaseKind.PROPOSING, starts_at=now, ends_at=now)
    with refused("phase_kind_known"):
        Phase.objects.create(cycle=cycle, kind="resting", **later)
    Phase.objects.create(cycle=cycle, kind=PhaseKind.PROPOSING, **later)
    with refused("phase_not_twice_at_once"):
        Phase.objects.create(cycle=cycle, kind=PhaseKind.PROPOSING, **later)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"position": 0}, "pot_position"),
        ({"amount_minor": -1}, "pot_amount_not_negative"),
        ({"min_options": 3, "max_options": 2}, "pot_most_is_not_below_least"),
        ({"min_points": 3, "max_points": 2}, "pot_most_points_not_below_least"),
        ({"max_points": 0}, "pot_most_points_not_below_least"),
        ({"max_sum_points": 0}, "pot_points_to_give_suffice"),
        ({"min_points": 3, "max_sum_points": 2}, "pot_points_to_give_suffice"),
        ({"max_points": 3, "max_sum_points": 2}, "pot_points_to_give_suffice"),
    ],
)
def test_a_pot_is_refused(values, name):
    cycle = draft_cycle()
    fields = {"position": 1, "name": "Pot", "amount_minor": 1, "place": NeighborhoodFactory()}
    with refused(name):
        Pot.objects.create(cycle=cycle, **(fields | values))


def test_a_place_has_one_pot_in_a_cycle():
    cycle = draft_cycle()
    with refused("pot_one_for_each_place"):
        Pot.objects.create(
            cycle=cycle, position=1, name="Again", amount_minor=1, place=CityFactory()
        )


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"position": 0}, "option_position"),
        ({"code": "taken"}, "option_code"),
        ({"cost_minor": -1}, "option_cost_not_negative"),
    ],
)
def test_an_option_is_refused(values, name):
    cycle = draft_cycle()
    pot = cycle.pots.get()
    Option.objects.filter(pot=pot, position=0).update(code="taken")
    fields = {"position": 9, "code": "9", "name": "N", "cost_minor": 1}
    with refused(name):
        Option.objects.create(cycle=cycle, pot=pot, **(fields | values))


def test_an_option_of_a_proposal_costs_something():
    cycle = draft_cycle()
    with refused("option_of_a_proposal_costs_something"):
        Option.objects.filter(cycle=cycle, position=0).update(cost_minor=0)


def test_an_option_belongs_to_a_pot_of_its_own_cycle():
    cycle, other = draft_cycle(), draft_cycle()
    with refused("option_pot_of_its_cycle"):
        Option.objects.create(
            cycle=cycle, pot=other.pots.get(), position=9, code="9", name="N", cost_minor=1
        )


def test_a_proposal_belongs_to_a_pot_of_its_own_cycle_and_enters_once():
    cycle, other = draft_cycle(), draft_cycle()
    proposal = cycle.proposals.first()
    with refused("proposal_pot_of_its_cycle"):
        Proposal.objects.create(cycle=cycle, pot=other.pots.get(), project=ProjectFactory())
    with refused("proposal_once_in_a_cycle"):
        Proposal.objects.create(cycle=cycle, pot=proposal.pot, project=proposal.project)
    with refused("proposal_state_known"):
        Proposal.objects.filter(pk=proposal.pk).update(state="dreamt")
    with refused("proposal_refused_with_a_reason"):
        Proposal.objects.filter(pk=proposal.pk).update(state=ProposalState.NOT_FEASIBLE)


def test_a_person_has_one_line_of_the_roll():
    cycle = draft_cycle()
    [person] = voters(cycle, 1)
    entry = RollEntry.objects.get(cycle=cycle)
    same = {"cycle": cycle, "place": entry.place, "batch": entry.batch}
    with refused("roll_entry_one_for_each_person"):
        RollEntry.objects.create(**same, person_key=entry.person_key)
    with refused("roll_entry_one_for_each_account"):
        RollEntry.objects.create(**same, person_key="1" * 64, claimed_by=person)
    with refused("roll_entry_key_is_a_digest"):
        RollEntry.objects.create(**same, person_key="Mary")


def test_a_voter_takes_part_once_and_in_the_cycle_of_their_roll():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    entry = RollEntry.objects.get(cycle=cycle)
    fact = {"roll_entry": entry, "channel": "web", "at": db_now()}
    with refused("participation_once"):
        Participation.objects.create(cycle=cycle, **fact)
    with refused("participation_entry_of_its_cycle"):
        Participation.objects.create(cycle=draft_cycle(), **fact)
    with refused("participation_channel_known"):
        Participation.objects.create(
            cycle=cycle, **(fact | {"channel": "dream", "roll_entry_id": 0, "roll_entry": None})
        )


def test_a_version_of_a_ballot_is_written_once():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    again = {"participation": Participation.objects.get(), "cast_at": db_now()}
    with refused("casting_version"):
        Casting.objects.create(version=1, **again)
    with refused("casting_versions_from_one"):
        Casting.objects.create(version=0, **again)


@pytest.mark.parametrize("moved", [timedelta(hours=-2), timedelta(hours=2)])
def test_the_database_refuses_a_ballot_outside_the_voting_phase(moved):
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    with refused("casting_in_time"):
        Casting.objects.create(
            participation=Participation.objects.get(), version=2, cast_at=db_now() + moved
        )


def test_the_database_refuses_a_sealed_ballot_of_another_length_or_time():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    whole = bytes(SealedBallot.objects.get().ciphertext)
    with refused("sealed_length"):
        SealedBallot.objects.create(cycle=cycle, slot="0" * 64, version=1, ciphertext=whole[1:])
    with refused("sealed_in_time"):
        SealedBallot.objects.create(cycle=cycle, slot=None, version=0, ciphertext=whole)
    end_voting(cycle)
    close_cycle(cycle)
    with refused("sealed_in_time"):
        SealedBallot.objects.create(cycle=cycle, slot="0" * 64, version=1, ciphertext=whole)
    assert SealedBallot.objects.count() == 1


def test_the_database_takes_a_sealed_ballot_once_and_none_without_a_slot_but_from_the_close():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    whole = bytes(SealedBallot.objects.get().ciphertext)
    with pytest.raises(IntegrityError, match="duplicate key"), transaction.atomic():
        SealedBallot.objects.create(cycle=cycle, slot="0" * 64, version=1, ciphertext=whole)
    end_voting(cycle)
    close_cycle(cycle)
    with refused("sealed_by_the_close"):
        SealedBallot.objects.create(cycle=cycle, slot=None, version=0, ciphertext=whole)
    with connection.cursor() as cursor, refused("urn_in_time"):
        cursor.execute("SELECT budgeting_keep_last_ballots(%s, '{}', '{}')", [cycle.pk])
    assert SealedBallot.objects.count() == 1


def test_the_close_leaves_one_ballot_of_a_slot_that_is_named_twice():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    slot = SealedBallot.objects.get().slot
    end_voting(cycle)
    Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.CLOSED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT budgeting_keep_last_ballots(%s, %s, '{}')", [cycle.pk, [slot] * 9])
        assert cursor.fetchone() == ([1, 0, 0],)
    assert SealedBallot.objects.count() == 1


def test_the_board_says_how_many_are_in_the_urn_and_only_the_opening_how_many_count():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    end_voting(cycle)
    board = Board.objects.filter(pk=cycle.pk)
    with refused("board_kept"):
        board.update(kept=1)
    Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.CLOSED)
    with refused("board_kept"):
        board.update(root="0" * 64, kept=2, replaced_by_paper=0)
    with connection.cursor() as cursor:
        slots = list(SealedBallot.objects.values_list("slot", flat=True))
        cursor.execute("SELECT budgeting_keep_last_ballots(%s, %s, '{}')", [cycle.pk, slots])
    board.update(root="0" * 64, kept=1, replaced_by_paper=0)
    for said in ({"counted": 1}, {"opened_rows": {}}, {"kept": 0}):
        with refused("board_kept"):
            board.update(**said)
    assert board.values_list("kept", "counted", "opened_rows").get() == (1, None, None)


@pytest.mark.parametrize(
    ("options", "points"),
    [
        ([], None),
        ([3], None),
        ([-1], None),
        ([1, 1], None),
        ([2, 0], None),
        ([0, None], None),
        ([0], [5]),
        ([0, 1, 2], None),
    ],
)
def test_an_opened_ballot_keeps_to_the_rules_of_its_pot(options, points):
    cycle = closed_cycle(max_options=2)
    with refused("opened_ballot_valid"):
        write_opened(cycle, ([0], None), (options, points))
    assert OpenedBallot.objects.count() == 0


def test_an_opened_knapsack_keeps_to_the_budget_exactly():
    cycle = closed_cycle(kind="knapsack", costs_minor=(300_000, 200_000, 1), amount_minor=500_000)
    write_opened(cycle, ([0, 1], None))
    with refused("opened_ballot_valid"):
        write_opened(cycle, ([0, 1, 2], None))


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("choose_one", ([1], None), ([0, 1], None)),
        ("ranking", ([2, 0, 1], None), ([2, 0, 2], None)),
        ("cumulative", ([0, 2], [3, 2]), ([0, 2], [3])),
        ("cumulative", ([0, 2], [3, 2]), ([0, 2], [3, 3])),
        ("cumulative", ([0, 2], [3, 2]), ([0, 2], [3, 0])),
        ("cumulative", ([0, 2], [3, 2]), ([0], [4])),
        ("cumulative", ([0, 2], [3, 2]), ([0, 2], [2**31 - 1, 2**31 - 1])),
        ("scoring", ([0], [0]), ([0], None)),
        ("scoring", ([0, 1, 2], [7, 7, 7]), ([0], [8])),
        ("scoring", ([0], [7]), ([0], [-1])),
        ("scoring", ([0], [7]), ([0], [None])),
    ],
)
def test_an_opened_ballot_is_of_the_kind_of_its_cycle(kind, right, wrong):
    drafted = draft_cycle()
    limits = {
        "cumulative": {"min_points": 1, "max_points": 3, "max_sum_points": 5},
        "scoring": {"max_points": 7},
        "ranking": {"max_options": 3},
    }
    Cycle.objects.filter(pk=drafted.pk).update(ballot_kind=kind)
    Pot.objects.filter(cycle=drafted).update(**limits.get(kind, {"position": 0}))
    cycle = opened(drafted)
    end_voting(cycle)
    cycle = close_cycle(cycle)
    write_opened(cycle, right)
    with refused("opened_ballot_valid"):
        write_opened(cycle, wrong)


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("approval", {"max_points": 3}),
        ("ranking", {"max_sum_points": 3}),
        ("cumulative", {}),
        ("cumulative", {"max_sum_points": 3}),
        ("scoring", {}),
        ("scoring", {"max_points": 3, "max_sum_points": 3}),
    ],
)
def test_a_cycle_does_not_open_with_pots_whose_points_do_not_fit_its_ballot(
    kind, limits, monkeypatch
):
    cycle = draft_cycle()
    Cycle.objects.filter(pk=cycle.pk).update(ballot_kind=kind)
    Pot.objects.filter(cycle=cycle).update(**({"position": 0} | limits))
    with pytest.raises(RefusedError):
        opened(cycle)
    # A service that does not look, as the control.
    monkeypatch.setattr(cycles, "pots_to_correct", lambda cycle: [])
    with refused("pots_fit_ballot"):
        opened(cycle)
    assert Cycle.objects.get(pk=cycle.pk).state == CycleState.DRAFT


def test_no_ballot_is_opened_while_voting_runs():
    cycle, _ = running_cycle()
    with refused("opened_ballot_valid"):
        opened_ballot(cycle, [0]).save()


def test_no_opened_ballot_is_written_but_by_the_opening():
    """Valid rows, too, in the days between the close and the opening and after."""
    cycle = closed_cycle()
    with refused("opened_ballot_valid"):
        OpenedBallot.objects.bulk_create([opened_ballot(cycle, [0]) for _ in range(200)])
    open_by_trustees(cycle)
    with refused("opened_ballot_valid"):
        opened_ballot(cycle, [0]).save()
    assert OpenedBallot.objects.count() == 0


def unsealed_by_sql(cycle, ballots, *, on_paper=False):
    """What somebody writes who has the application's role and no part of any key."""
    choices = json.dumps({str(cycle.pots.get().pk): {"options": [0], "points": None}})
    with connection.cursor() as cursor:
        cursor.execute("SELECT budgeting_make_unsealed()")
        cursor.executemany(
            "INSERT INTO budgeting_unsealed (choices, on_paper) VALUES (%s, %s)",
            [(choices, on_paper)] * ballots,
        )
        cursor.execute("SELECT budgeting_open_ballots(%s)", [cycle.pk])


def test_the_opening_moves_the_vote_on_or_has_not_happened():
    cycle, [person] = running_cycle()
    cast_positions(cycle, person, [0])
    with refused("ballots_opened_once"):
        unsealed_by_sql(cycle, 1)
    end_voting(cycle)
    cycle = close_cycle(cycle)
    for ballots, on_paper in ((2, False), (1, True)):
        with refused("opened_as_many_as_left"):
            unsealed_by_sql(cycle, ballots, on_paper=on_paper)
    with refused("opened_moves_on"):
        unsealed_by_sql(cycle, 1)
        connection.check_constraints()
    with refused("ballots_opened_once"):
        unsealed_by_sql(cycle, 1)
        unsealed_by_sql(cycle, 0)
    assert OpenedBallot.objects.count() == 0
    assert open_by_trustees(cycle).board.opened_rows == {str(cycle.pots.get().pk): 1}


def test_a_vote_is_counted_with_the_rows_that_its_opening_wrote():
    cycle = closed_cycle()
    request_unsealing(cycle, by=administrator())
    approve_unsealing(cycle, by=administrator())
    with refused("unsealed_as_written"):
        Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.UNSEALED)
    with refused("unsealed_as_written"):
        unsealed_by_sql(cycle, 0)
        write_opened(cycle, ([0], None))
        Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.UNSEALED)
    unseal(cycle, trustees()[:2])
    cycle.refresh_from_db()
    row = f"{cycle.pk}, {cycle.pots.get().pk}, '{{0}}'"
    without_guard(
        "budgeting_openedballot",
        "opened_ballot_valid",
        f"INSERT INTO budgeting_openedballot (cycle_id, pot_id, options) VALUES ({row})",  # noqa: S608
    )
    with refused("tally_of_what_was_opened"):
        count_pot(cycle, cycle.pots.get())
    assert Tally.objects.count() == 0


def test_an_opened_ballot_names_the_cycle_of_its_pot():
    cycle = closed_cycle()
    with refused("opened_ballot_valid"):
        OpenedBallot.objects.create(cycle=draft_cycle(), pot=cycle.pots.get(), options=[0])


def test_no_tally_is_written_while_voting_runs():
    cycle, _ = running_cycle()
    with refused("tally_in_time"):
        Tally.objects.create(
            cycle=cycle,
            pot=cycle.pots.get(),
            binding=True,
            rule="greedy",
            parameters={},
            parameters_digest="0" * 64,
            ties="seeded",
            digest="0" * 64,
            ballots=0,
            distinct_ballots=0,
            outcome={},
            support={},
            reasons={},
            seconds=0.0,
        )


def test_options_of_another_pot_come_with_their_own_positions():
    cycle = draft_cycle()
    pot = Pot.objects.create(
        cycle=cycle, position=1, name="North", amount_minor=1, place=NeighborhoodFactory()
    )
    add_options(pot, [1], by=cycle.proposals.first().submitted_by)
    assert list(pot.options.values_list("position", flat=True)) == [0]
