"""Moving phases: later only, in time, by two people, with a reason for everybody."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction
from django.urls import reverse
from django.utils.timezone import localtime

from budgeting.domain import board as boards
from budgeting.domain.bundle import taken_of
from budgeting.enums import AskedStanding, PhaseKind
from budgeting.models import Board, Cycle, Phase, PhaseMove, Review
from budgeting.selectors import acts_of_two, board_lines, options_on_ballot, options_on_board
from budgeting.selectors.asked import is_possible
from budgeting.selectors.waiting import asked_on_cycles
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_phase
from budgeting.services.errors import RefusedError, VotingClosedError
from budgeting.services.extensions import extend_voting, request_extension
from budgeting.services.moving import MOVE, move_phase, moves_asked, request_move
from budgeting.services.proposals import submit_proposal, take_off_ballot
from budgeting.services.results import certify, publish
from civicfund.audit.models import Approval
from civicfund.audit.services import ApprovalError, approve_act, db_now, record, request_act
from civicfund.moments import moment
from tests.budgeting.forging import Forgery, forged
from tests.budgeting.test_bundle import altered, broken, bundle_of, edited
from tests.budgeting.test_extending import refused
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    cast_positions,
    certifier,
    draft_cycle,
    end_voting,
    extended,
    moved,
    open_by_trustees,
    opened,
    running_cycle,
    voters,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WHY = "Reviewers are ill."
# From now on, in days.
PHASES = {PhaseKind.PROPOSING: (-5, 1), PhaseKind.REVIEWING: (2, 5)}
VOTING = (10, 20)


def opened_with(phases=PHASES, voting=VOTING, people=1, **cycle):
    """An open cycle with these phases, and people on its roll."""
    by, now = administrator(), db_now()
    starts, ends = (DAY * days for days in voting)
    drafted = draft_cycle(by=by, voting_starts_in=starts, voting_ends_in=ends, **cycle)
    for kind, (first, last) in phases.items():
        add_phase(drafted, kind, starts_at=now + DAY * first, ends_at=now + DAY * last, by=by)
    found = voters(drafted, people)
    return opened(drafted), found


def phase_of(cycle, kind):
    return Phase.objects.get(cycle=cycle, kind=kind)


def asked(cycle, kind=PhaseKind.REVIEWING, later=DAY, start_later=None, by=None, reason=WHY):
    phase = phase_of(cycle, kind)
    starts_at = None if start_later is None else phase.starts_at + start_later
    return request_move(
        cycle, phase.pk, starts_at=starts_at, ends_at=phase.ends_at + later, reason=reason,
        by=by or administrator(),
    )  # fmt: skip


def times(cycle):
    rows = Phase.objects.filter(cycle=cycle).order_by("pk")
    return list(rows.values_list("starts_at", "ends_at"))


@contextmanager
def nothing_moves(cycle):
    def standing():
        return times(cycle), Board.objects.get(pk=cycle.pk).head, PhaseMove.objects.count()

    before = standing()
    yield
    assert standing() == before


# --- two people


def test_two_people_move_a_phase_and_the_reason_stands_with_it():
    cycle, _ = opened_with()
    was = phase_of(cycle, PhaseKind.REVIEWING)
    first, second = administrator(), administrator()
    request = asked(cycle, later=4 * DAY, start_later=DAY, by=first)
    made = move_phase(cycle, request.pk, by=second)
    now = phase_of(cycle, PhaseKind.REVIEWING)
    assert (now.starts_at, now.ends_at) == (was.starts_at + DAY, was.ends_at + 4 * DAY)
    assert (made.from_starts_at, made.from_ends_at) == (was.starts_at, was.ends_at)
    assert (made.kind, made.reason) == (PhaseKind.REVIEWING, WHY)
    assert (made.approval.requested_by, made.approval.approved_by) == (first, second)


def test_whoever_asked_cannot_agree():
    cycle, _ = opened_with()
    request = asked(cycle)
    with nothing_moves(cycle), pytest.raises(ApprovalError):
        move_phase(cycle, request.pk, by=request.requested_by)
    assert not Approval.objects.filter(request=request).exists()


def test_only_administrators_ask_and_agree():
    cycle, _ = opened_with()
    with nothing_moves(cycle):
        with pytest.raises(PermissionDenied):
            asked(cycle, by=UserFactory())
        with pytest.raises(PermissionDenied):
            move_phase(cycle, asked(cycle).pk, by=UserFactory())


def test_a_request_is_agreed_to_once_and_only_for_its_own_cycle():
    cycle, _ = opened_with()
    other, _ = opened_with()
    request = asked(cycle)
    with nothing_moves(other), pytest.raises(RefusedError, match="ask for this first"):
        move_phase(other, request.pk, by=administrator())
    move_phase(cycle, request.pk, by=administrator())
    with nothing_moves(cycle), pytest.raises(RefusedError, match="agreed to this already"):
        move_phase(cycle, request.pk, by=administrator())


def test_what_was_asked_for_before_another_move_is_not_agreed_to_after_it():
    cycle, _ = opened_with()
    stale = asked(cycle, later=2 * DAY)
    move_phase(cycle, asked(cycle).pk, by=administrator())
    with nothing_moves(cycle), pytest.raises(RefusedError, match="moved since"):
        move_phase(cycle, stale.pk, by=administrator())
    assert moves_asked(type(cycle).objects.get(pk=cycle.pk), db_now()) == []


def test_what_nobody_can_agree_to_any_more_waits_on_no_desk():
    cycle, _ = opened_with()
    stale = [asked(cycle, later=2 * DAY), asked(cycle, later=3 * DAY)]
    extending = request_extension(
        cycle, ends_at=phase_of(cycle, PhaseKind.BALLOTING).ends_at + DAY, reason=WHY,
        by=administrator(),
    )  # fmt: skip
    end_only, with_start = (
        asked(cycle, PhaseKind.PROPOSING),
        asked(cycle, PhaseKind.BALLOTING, 2 * DAY, DAY),
    )
    waits = {each.request.pk for each in asked_on_cycles()}
    assert waits == {*(each.pk for each in stale), extending.pk, end_only.pk, with_start.pk}
    moved(cycle, PhaseKind.REVIEWING, DAY)
    moved(cycle, PhaseKind.BALLOTING, DAY, start_by=DAY)
    assert [each.request for each in asked_on_cycles()] == [end_only]
    became = {each.asked_id: each.standing for each in acts_of_two(cycle)}
    for each in (*stale, extending, with_start):
        assert became[each.pk] == AskedStanding.OUTDATED
    over = phase_of(cycle, PhaseKind.PROPOSING).ends_at
    assert is_possible(end_only, cycle, over - HOUR)
    assert not is_possible(end_only, cycle, over)


def test_once_a_phase_has_begun_it_does_not_wait_to_begin_later():
    cycle, _ = opened_with()
    begins = phase_of(cycle, PhaseKind.REVIEWING).starts_at
    with_start, end_only = asked(cycle, start_later=HOUR), asked(cycle)
    found = [is_possible(each, cycle, begins) for each in (with_start, end_only)]
    assert found == [False, True]
    assert is_possible(with_start, cycle, begins - HOUR)


# --- when, and which way


@pytest.mark.parametrize(
    ("later", "start_later", "words"),
    [
        (timedelta(0), None, "never earlier"),
        (-HOUR, None, "never earlier"),
        (DAY, -HOUR, "never earlier"),
        (DAY, 2 * DAY, "shorter than it was"),
        (6 * DAY, None, "has to be over before that"),
    ],
)
def test_a_phase_becomes_neither_earlier_nor_shorter_nor_part_of_voting(later, start_later, words):
    cycle, _ = opened_with()
    with nothing_moves(cycle), pytest.raises(RefusedError, match=words):
        asked(cycle, later=later, start_later=start_later)


def test_a_phase_may_last_until_voting_begins_and_the_page_says_how_long_it_has_to():
    cycle, _ = opened_with()
    phase = phase_of(cycle, PhaseKind.REVIEWING)
    with pytest.raises(RefusedError) as refusal:
        asked(cycle, later=HOUR, start_later=DAY)
    least = phase.ends_at + DAY
    assert moment(least + timedelta(minutes=1, microseconds=-1)) in str(refusal.value)
    left = phase_of(cycle, PhaseKind.BALLOTING).starts_at - phase.ends_at
    moved(cycle, PhaseKind.REVIEWING, left, start_by=left)
    with nothing_moves(cycle), pytest.raises(RefusedError, match="has to be over before that"):
        asked(cycle, later=timedelta(microseconds=1))


def test_nobody_moves_a_phase_without_a_reason():
    cycle, _ = opened_with()
    with nothing_moves(cycle), pytest.raises(RefusedError, match="Say why"):
        asked(cycle, reason=" ")


def test_of_what_has_begun_the_end_alone_moves_and_nothing_of_what_is_over():
    cycle, _ = opened_with({PhaseKind.INFORMING: (-5, -1), PhaseKind.PROPOSING: (-1, 1)})
    with nothing_moves(cycle):
        with pytest.raises(RefusedError, match="only its end"):
            asked(cycle, PhaseKind.PROPOSING, start_later=HOUR)
        with pytest.raises(RefusedError, match="is over"):
            asked(cycle, PhaseKind.INFORMING, later=3 * DAY)
    moved(cycle, PhaseKind.PROPOSING, DAY)


def test_two_phases_of_a_kind_do_not_come_to_overlap():
    cycle, _ = opened_with({PhaseKind.PROPOSING: (-1, 1)})
    phase = phase_of(cycle, PhaseKind.PROPOSING)
    two, _ = opened_with({PhaseKind.REVIEWING: (1, 2)})
    assert phase.cycle_id != two.pk
    with nothing_moves(two), pytest.raises(RefusedError, match="no such phase"):
        request_move(two, phase.pk, ends_at=phase.ends_at + DAY, reason=WHY, by=administrator())
    by = administrator()
    drafted = draft_cycle(by=by, voting_starts_in=10 * DAY, voting_ends_in=11 * DAY)
    for first in (1, 3):
        starts = db_now() + first * DAY
        add_phase(drafted, PhaseKind.REVIEWING, starts_at=starts, ends_at=starts + DAY, by=by)
    voters(drafted, 1)
    cycle = opened(drafted)
    with nothing_moves(cycle), pytest.raises(RefusedError, match="overlap"):
        moved(cycle, PhaseKind.REVIEWING, 2 * DAY)
    moved(cycle, PhaseKind.REVIEWING, HOUR)


def test_supporting_stays_before_voting_and_voting_is_not_just_made_longer_nor_a_draft_moved():
    cycle, _ = opened_with({PhaseKind.SUPPORTING: (-1, 1)})
    with nothing_moves(cycle):
        with pytest.raises(RefusedError, match="has to be over before"):
            asked(cycle, PhaseKind.SUPPORTING, later=9 * DAY + HOUR)
        with pytest.raises(RefusedError, match="extend the vote"):
            asked(cycle, PhaseKind.BALLOTING)
    drafted = draft_cycle()
    with pytest.raises(RefusedError, match="cycle that is open"):
        asked(drafted, PhaseKind.BALLOTING)


def test_projects_come_in_while_a_moved_phase_lasts():
    """Proposing ends in a blink, and was to end before: what comes between is taken."""
    cycle, _ = opened_with({PhaseKind.PROPOSING: (-5, 1)}, costs_minor=())
    project = ProjectFactory(neighborhood=NeighborhoodFactory())
    moved(cycle, PhaseKind.PROPOSING, 3 * DAY)
    assert submit_proposal(project, cycle.pots.get(), by=project.proposer).pk


def test_reviews_that_were_due_at_the_end_are_due_at_the_new_one():
    cycle, _ = opened_with(costs_minor=())
    end = phase_of(cycle, PhaseKind.REVIEWING).ends_at
    due, own = (
        submit_proposal(ProjectFactory(neighborhood=NeighborhoodFactory()), cycle.pots.get(),
                        by=administrator())
        for _ in range(2)
    )  # fmt: skip
    Review.objects.filter(proposal=own).update(due_at=end - HOUR)
    assert Review.objects.get(proposal=due).due_at == end
    moved(cycle, PhaseKind.REVIEWING, 2 * DAY)
    assert Review.objects.get(proposal=due).due_at == end + 2 * DAY
    assert Review.objects.get(proposal=own).due_at == end - HOUR


# --- voting


def test_voting_begins_later_and_nobody_votes_before():
    cycle, [person] = opened_with(voting=(1, 3))
    was = phase_of(cycle, PhaseKind.BALLOTING)
    made = moved(cycle, PhaseKind.BALLOTING, 8 * DAY, start_by=7 * DAY)
    now = phase_of(cycle, PhaseKind.BALLOTING)
    assert (now.starts_at, now.ends_at) == (was.starts_at + 7 * DAY, was.ends_at + 8 * DAY)
    assert (made.kind, made.board_size) == (PhaseKind.BALLOTING, 0)
    with pytest.raises(VotingClosedError, match="not begun"):
        cast_positions(cycle, person, [0])
    begin_voting(cycle)
    cast_positions(cycle, person, [0])


def test_voting_is_moved_until_it_begins_and_never_shorter():
    cycle, _ = opened_with()
    with nothing_moves(cycle):
        for later, start_later, words in (
            (DAY, None, "extend the vote"),
            (DAY, -DAY, "never earlier"),
            (DAY, 2 * DAY, "shorter than it was"),
        ):
            with pytest.raises(RefusedError, match=words):
                asked(cycle, PhaseKind.BALLOTING, later, start_later)
    request = asked(cycle, PhaseKind.BALLOTING, DAY, DAY)
    begin_voting(cycle)
    with nothing_moves(cycle):
        with pytest.raises(RefusedError, match="moved since"):
            move_phase(cycle, request.pk, by=administrator())
        with pytest.raises(RefusedError, match="Voting has begun"):
            asked(cycle, PhaseKind.BALLOTING, DAY, DAY)


def test_once_voting_is_later_reviewing_can_last_as_long():
    cycle, _ = opened_with()
    with pytest.raises(RefusedError, match="move voting first"):
        moved(cycle, PhaseKind.REVIEWING, 10 * DAY)
    moved(cycle, PhaseKind.BALLOTING, 10 * DAY, start_by=10 * DAY)
    moved(cycle, PhaseKind.REVIEWING, 10 * DAY)


def test_an_extension_that_was_asked_for_before_voting_moved_is_of_no_use():
    cycle, _ = opened_with()
    ends_at = phase_of(cycle, PhaseKind.BALLOTING).ends_at + HOUR
    request = request_extension(cycle, ends_at=ends_at, reason=WHY, by=administrator())
    moved(cycle, PhaseKind.BALLOTING, DAY, start_by=DAY)
    with nothing_moves(cycle), pytest.raises(RefusedError, match="moved or extended since"):
        extend_voting(cycle, request.pk, by=administrator())


def test_the_ballot_can_change_until_voting_begins():
    cycle, _ = opened_with()
    moved(cycle, PhaseKind.BALLOTING, DAY, start_by=DAY)
    line = cycle.options.order_by("position").first()
    take_off_ballot(line.proposal, reason="It is protected.", by=administrator())
    assert cycle.options.count() == 2
    begin_voting(cycle)
    line = cycle.options.order_by("position").first()
    with pytest.raises(RefusedError, match="Voting has begun"):
        take_off_ballot(line.proposal, reason="It is protected.", by=administrator())


def test_a_ballot_that_was_read_by_an_older_start_is_read_again():
    """Voting was to begin, the ballot was read then, and it begins later: once more is enough."""
    cycle, [person] = opened_with(voting=(1, 3))
    stale = Cycle.objects.prefetch_related("phases").get(pk=cycle.pk)
    voting = phase_of(cycle, PhaseKind.BALLOTING)
    for phase in stale.phases.all():
        phase.starts_at = voting.starts_at - 2 * DAY
    assert options_on_ballot(stale) is options_on_ballot(stale)
    begin_voting(cycle)
    cast_positions(stale, person, [0])
    assert Board.objects.get(pk=cycle.pk).size == 1


# --- what the database refuses, whoever asks


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize("which", ["ends_at", "starts_at"])
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_phase_moves_for_nobody_without_its_row(alias, which):
    cycle, _ = opened_with()
    moved(cycle, PhaseKind.REVIEWING, DAY)
    with (
        nothing_moves(cycle),
        refused("phase_frozen_when_opened", using=alias),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(
            f"UPDATE budgeting_phase SET {which} = {which} + interval '1 hour'"  # noqa: S608
            " WHERE kind = 'reviewing'"
        )


def row_of(cycle, kind, start_later, later, **said):
    """A row and a request that says the same, but for what is ``said`` otherwise of it."""
    phase = phase_of(cycle, kind)
    row = {
        "from_starts_at": phase.starts_at,
        "from_ends_at": phase.ends_at,
        "to_starts_at": phase.starts_at + start_later,
        "to_ends_at": phase.ends_at + later,
    }
    words = {key: at.isoformat() for key, at in row.items()}
    request = request_act(
        said.pop("act", MOVE), said.pop("target", cycle), requested_by=administrator(),
        **({"phase": phase.pk, "kind": kind, "reason": WHY} | words | said),
    )  # fmt: skip
    approval = approve_act(request, approved_by=administrator())
    return row | {"cycle": cycle, "phase": phase, "reason": WHY, "approval": approval}


NOTHING = timedelta(0)


def test_a_row_as_two_people_agreed_moves_its_phase():
    cycle, _ = opened_with()
    PhaseMove.objects.create(**row_of(cycle, PhaseKind.REVIEWING, DAY, DAY))
    assert PhaseMove.objects.get().kind == PhaseKind.REVIEWING


@pytest.mark.parametrize(
    ("start_later", "later", "name"),
    [
        (-DAY, DAY, "move_only_later"),
        (-DAY, -DAY, "move_only_later"),
        (NOTHING, NOTHING, "move_only_later"),
        (2 * DAY, DAY, "move_not_shorter"),
        (DAY, 6 * DAY, "move_before_voting"),
    ],
)
def test_the_database_refuses_what_is_earlier_shorter_or_in_voting(start_later, later, name):
    cycle, _ = opened_with()
    row = row_of(cycle, PhaseKind.REVIEWING, start_later, later)
    with nothing_moves(cycle), refused(name):
        PhaseMove.objects.create(**row)


def test_the_database_refuses_a_move_that_two_people_did_not_agree_to():
    cycle, _ = opened_with()
    other, _ = opened_with()
    agreed = (cycle, PhaseKind.REVIEWING, DAY, DAY)
    later = (phase_of(cycle, PhaseKind.REVIEWING).ends_at + 2 * DAY).isoformat()
    wrong = [
        row_of(*agreed, act="cycle.extend"),
        row_of(*agreed, target=other),
        row_of(*agreed, phase=phase_of(cycle, PhaseKind.PROPOSING).pk),
        row_of(*agreed, to_ends_at=later),
        row_of(*agreed, to_starts_at=later),
        row_of(*agreed, from_starts_at=later),
        row_of(*agreed, from_ends_at=later),
        row_of(*agreed, reason="Another."),
    ]
    for row in wrong:
        with nothing_moves(cycle), refused("move_needs_two_people"):
            PhaseMove.objects.create(**row)


def test_the_database_refuses_a_move_too_late_from_another_time_or_of_another_cycle():
    cycle, _ = opened_with({PhaseKind.INFORMING: (-5, -1), PhaseKind.PROPOSING: (-1, 1)})
    other, _ = opened_with()
    moved_by = row_of(cycle, PhaseKind.PROPOSING, NOTHING, DAY)
    wrong = [
        row_of(cycle, PhaseKind.INFORMING, NOTHING, 3 * DAY),
        row_of(cycle, PhaseKind.PROPOSING, HOUR, DAY),
        moved_by | {"from_ends_at": moved_by["from_ends_at"] - HOUR},
        moved_by | {"cycle": other},
    ]
    for row in wrong:
        with nothing_moves(cycle), refused("move_in_time"):
            PhaseMove.objects.create(**row)


def test_the_database_refuses_what_only_makes_voting_longer_or_moves_it_once_it_has_begun():
    cycle, _ = opened_with()
    with nothing_moves(cycle), refused("move_of_voting"):
        PhaseMove.objects.create(**row_of(cycle, PhaseKind.BALLOTING, NOTHING, DAY))
    begin_voting(cycle)
    with nothing_moves(cycle), refused("move_of_voting"):
        PhaseMove.objects.create(**row_of(cycle, PhaseKind.BALLOTING, NOTHING, DAY))
    with nothing_moves(cycle), refused("move_in_time"):
        PhaseMove.objects.create(**row_of(cycle, PhaseKind.BALLOTING, DAY, DAY))


def test_the_database_refuses_a_move_for_no_reason_or_a_second_time():
    cycle, _ = opened_with()
    row = row_of(cycle, PhaseKind.REVIEWING, DAY, DAY, reason=" ") | {"reason": " "}
    with nothing_moves(cycle), refused("move_says_why"):
        PhaseMove.objects.create(**row)
    moved(cycle, PhaseKind.REVIEWING, DAY)
    with nothing_moves(cycle), pytest.raises(IntegrityError), transaction.atomic():
        PhaseMove.objects.create(**moves_of(cycle)[0])


def moves_of(cycle):
    names = ["phase_id", "from_starts_at", "from_ends_at", "to_starts_at", "to_ends_at"]
    return [
        row | {"cycle": cycle, "reason": WHY, "approval_id": row["approval_id"]}
        for row in PhaseMove.objects.filter(cycle=cycle).values(*names, "approval_id")
    ]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(
    "change", ["UPDATE budgeting_phasemove SET reason = 'x'", "DELETE FROM budgeting_phasemove"]
)
def test_a_move_is_there_for_good(change):
    cycle, _ = opened_with()
    moved(cycle, PhaseKind.REVIEWING, DAY)
    with (
        nothing_moves(cycle),
        refused("budgeting_phasemove_append_only", using="owner"),
        connections["owner"].cursor() as owner,
    ):
        owner.execute(change)
    with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(change)


# --- the board and the bundle


def said_of(cycle):
    """Extensions and moves as a bundle says them, and what the chain makes of them."""
    extensions = [
        boards.Extension(each.board_size, *map(boards.moment, (each.from_at, each.to_at, each.at)),
                         each.reason)
        for each in cycle.extensions.all()
    ]  # fmt: skip
    moves = [
        boards.Move(
            each.board_size, each.extensions, each.kind,
            *map(boards.moment, (each.from_starts_at, each.from_ends_at, each.to_starts_at,
                                 each.to_ends_at, each.at)),
            each.reason,
        )
        for each in cycle.moves_of_phases.all()
    ]  # fmt: skip
    return boards.in_order(extensions, moves)


def test_the_board_takes_moves_and_extensions_into_its_chain_in_their_order():
    cycle, people = opened_with(people=2)
    moved(cycle, PhaseKind.PROPOSING, HOUR)
    extended(cycle, HOUR)
    moved(cycle, PhaseKind.REVIEWING, DAY, start_by=DAY, reason="Ä “3 h”\n\U0001f5f3")
    begin_voting(cycle)
    for person in people:
        cast_positions(cycle, person, [0])
        extended(cycle, HOUR)
    board = Board.objects.get(pk=cycle.pk)
    options, lines = options_on_board(board), board_lines(board)
    assert (options.extensions, options.moves) == (1, 2)
    taken = said_of(cycle)
    assert [type(each).__name__ for each in taken] == ["Move", "Extension", "Move"] + [
        "Extension"
    ] * 2
    chain, head = boards.chain_of(board.first, lines, taken, options)
    assert head == board.head
    assert chain == list(cycle.board_lines.order_by("position").values_list("head", flat=True))
    other = boards.chain_of(board.first, lines, [taken[1], taken[0], *taken[2:]], options)
    assert other[1] != board.head
    with pytest.raises(ValueError, match="options follow"):
        boards.chain_of(board.first, lines, taken[1:], options)


def test_a_phase_beside_voting_moves_after_ballots_were_cast():
    cycle, people = opened_with({PhaseKind.INFORMING: (-2, 3)}, voting=(-1, 2), people=2)
    cast_positions(cycle, people[0], [0])
    made = moved(cycle, PhaseKind.INFORMING, DAY)
    cast_positions(cycle, people[1], [0])
    board = Board.objects.get(pk=cycle.pk)
    assert (made.board_size, options_on_board(board).moves) == (1, 0)
    taken = said_of(cycle)
    assert boards.chain_of(board.first, board_lines(board), taken, options_on_board(board))[1] == (
        board.head
    )


def published_after_moves():
    """A vote before which phases were moved, and which was moved itself."""
    cycle, people = opened_with(
        {PhaseKind.PROPOSING: (-5, 1), PhaseKind.REVIEWING: (2, 5)}, people=3
    )
    moved(cycle, PhaseKind.PROPOSING, HOUR, reason="Lost: ä “3 h”\n!")
    extended(cycle, HOUR)
    moved(cycle, PhaseKind.REVIEWING, DAY, start_by=DAY)
    moved(cycle, PhaseKind.BALLOTING, DAY, start_by=DAY)
    begin_voting(cycle)
    for person in people:
        cast_positions(cycle, person, [0, 1])
    extended(cycle, HOUR)
    end_voting(cycle)
    counted = open_by_trustees(close_cycle(cycle))
    count_cycle(counted)
    counted.refresh_from_db()
    return publish(certify(counted, by=certifier()), by=certifier())


LATER = "2036-01-01T00:00:00.000000+00:00"
# What somebody writes into a bundle of such a vote, and which check finds it.
ALTERED = [
    ((0, "reason"), "All was well.", "chain"),
    ((0, "kind"), "informing", "chain"),
    ((0, "from_starts_at"), LATER, "moves go on"),
    ((0, "to_ends_at"), LATER, "chain"),
    ((1, "to_starts_at"), LATER, "moves go on"),
    ((1, "at"), LATER, "moves go on"),
    ((0, "board_size"), 3, "the board"),
    ((0, "board_size"), 7_000, "the board"),
    ((0, "extensions"), 1, "chain"),
    ((1, "extensions"), 0, "chain"),
    ((1, "extensions"), 9, "the board"),
    ((2, "from_ends_at"), LATER, "moves go on"),
    ((2, "to_ends_at"), LATER, "extensions go on"),
    ((2, "board_size"), 3, "the board"),
]


def with_moves_in(change):
    """The bundle, its chain made anew, after a change of its moves."""

    def anew(forgery: Forgery):
        change(forgery.record["board"]["moves"])
        forgery.chain_anew()
        forgery.root_anew()

    return anew


def _shorter(moves):
    moves[1]["to_starts_at"] = moves[1]["from_ends_at"]


def _earlier(moves):
    moves[1]["to_ends_at"] = moves[1]["to_starts_at"] = moves[1]["from_starts_at"]


def _too_late(moves):
    moves[1]["at"] = moves[1]["from_starts_at"]


def _of_another_phase(moves):
    moves[0]["kind"] = "informing"


def _for_no_reason(moves):
    moves[0]["reason"] = " "


def _only_longer(moves):
    moves[2]["to_starts_at"] = moves[2]["from_starts_at"]


def _voting_as_it_ran(moves):
    moves[2]["at"] = moves[2]["from_starts_at"]


# What somebody makes up and chains anew: only what it says can tell.
MADE_UP = [
    _shorter, _earlier, _too_late, _of_another_phase, _for_no_reason, _only_longer,
    _voting_as_it_ran,
]  # fmt: skip


def test_a_bundle_with_moves_holds_and_what_is_altered_in_them_is_found():
    content = bundle_of(published_after_moves())
    assert broken(content) == []
    for path, value, found in ALTERED:
        change = edited(("board", "moves", *path), value)
        names = broken(altered(content, "bundle.json", change))
        assert any(found in name for name in names), (path, names)
    for value in ([], None):
        assert broken(altered(content, "bundle.json", edited(("board", "moves"), value)))
    for part in ("moves", "extensions"):
        change = edited(("board", "options", part), lambda number: number + 1)
        assert broken(altered(content, "bundle.json", change))
    for made_up in MADE_UP:
        names = broken(forged(content, with_moves_in(made_up)))
        assert names == ["moves go on from the phases that were opened"], made_up


def test_a_bundle_without_moves_says_what_it_said_before():
    cycle, _ = running_cycle()
    end_voting(cycle)
    counted = open_by_trustees(close_cycle(cycle))
    count_cycle(counted)
    counted.refresh_from_db()
    record = Forgery(bundle_of(publish(certify(counted, by=certifier()), by=certifier()))).record
    assert "moves" not in record["board"]
    assert set(record["board"]["options"]) == {"sha256", "extensions"}
    assert taken_of(record["board"]) == []


# --- pages


def test_the_public_reads_the_reason_on_the_cycles_pages_and_in_its_feed(client):
    cycle, _ = opened_with()
    pages = [reverse(page, args=[cycle.slug]) for page in ("cycle", "board")]
    pages.append(reverse("atom", args=["cycle", cycle.pk]))
    for page in pages:
        assert WHY not in client.get(page).content.decode()
    moved(cycle, PhaseKind.REVIEWING, 2 * DAY, reason=WHY)
    for page in pages:
        assert WHY in client.get(page).content.decode()
    [said] = client.get(reverse("api_cycle", args=[cycle.slug])).json()["moves"]
    assert (said["kind"], said["reason"]) == ("reviewing", WHY)
    ends = phase_of(cycle, PhaseKind.REVIEWING).ends_at
    dates = client.get(reverse("calendar", args=["cycle", cycle.pk])).content.decode()
    assert f"DTEND:{ends:%Y%m%dT%H%M%SZ}" in dates


def test_the_archive_keeps_it(client):
    cycle = published_after_moves()
    page = client.get(reverse("archived_cycle", args=[cycle.slug])).content.decode()
    assert "Reviews run late." in page


def test_the_desk_asks_and_a_second_administrator_agrees(client, settings):
    cycle, _ = opened_with()
    phase = phase_of(cycle, PhaseKind.REVIEWING)
    page = reverse("moving", args=[cycle.slug])
    sign_in_with_second_factor(client, administrator())
    later = localtime(phase.ends_at + 3 * DAY).strftime("%Y-%m-%dT%H:%M")
    sent = {"act": "ask", "phase": phase.pk, "starts_at": "", "ends_at": later, "reason": WHY}
    told = client.post(page, sent | {"phase": phase_of(cycle, PhaseKind.BALLOTING).pk})
    assert "extend the vote" in told.content.decode()
    told = client.post(page, sent, follow=True)
    assert "Now another administrator has to agree" in told.content.decode()
    [waiting] = moves_asked(type(cycle).objects.get(pk=cycle.pk), db_now())
    agree = {"act": "agree", "asked": waiting.asked.request.pk}
    told = client.post(page, agree)
    assert (told.status_code, PhaseMove.objects.exists()) == (400, False)
    client.logout()
    sign_in_with_second_factor(client, administrator())
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    told = client.post(page, agree)
    assert (told.status_code, "reauthenticate" in told.url) == (302, True)
    assert not PhaseMove.objects.exists()
    settings.SECOND_FACTOR_RECENT_SECONDS = 300
    assert WHY in client.get(page).content.decode()
    told = client.post(page, agree, follow=True)
    assert "now ends on" in told.content.decode()
    assert PhaseMove.objects.get().reason == WHY
    trail = client.get(reverse("trail", args=[cycle.slug])).content.decode()
    assert "A phase was moved" in trail


def test_whoever_made_letters_is_told_that_they_name_the_old_days(client):
    cycle, _ = opened_with(people=0)
    letters, desk = (reverse(page, args=[cycle.slug]) for page in ("letters_desk", "moving"))
    sign_in_with_second_factor(client, administrator())
    asked(cycle, PhaseKind.BALLOTING, DAY, DAY)
    words, old = "Letters with codes were made before", "Letters name another end of voting"
    assert words not in client.get(desk).content.decode()
    record("cycle.letters_made", cycle, actor=administrator(), letters=5)
    assert words in client.get(desk).content.decode()
    assert old not in client.get(letters).content.decode()
    moved(cycle, PhaseKind.BALLOTING, DAY, start_by=DAY)
    assert old in client.get(letters).content.decode()


def test_whoever_opens_the_ballot_reads_that_voting_was_moved(client):
    cycle, [person] = opened_with()
    moved(cycle, PhaseKind.REVIEWING, DAY)
    for _time in range(2):
        moved(cycle, PhaseKind.BALLOTING, DAY, start_by=DAY, reason=WHY)
    client.force_login(person)
    page = client.get(reverse("ballot", args=[cycle.slug])).content.decode()
    starts = moment(phase_of(cycle, PhaseKind.BALLOTING).starts_at)
    assert f"Voting was moved to {starts}" in page
    assert page.count("was moved to") == 1


def test_a_second_person_reads_what_to_think_twice_about():
    cycle, _ = opened_with()
    asked(cycle, PhaseKind.PROPOSING, later=2 * DAY)
    [waiting] = moves_asked(type(cycle).objects.get(pk=cycle.pk), db_now())
    [warning] = waiting.warnings
    assert "Proposing and Reviewing run at once" in warning


def test_the_desk_is_for_administrators(client):
    cycle, [person] = opened_with()
    page = reverse("moving", args=[cycle.slug])
    sign_in_with_second_factor(client, person)
    assert client.get(page).status_code == 403
    assert client.post(page, {"act": "ask"}).status_code == 403


def test_the_timeline_leads_there(client):
    cycle, _ = opened_with()
    sign_in_with_second_factor(client, administrator())
    page = client.get(reverse("timeline", args=[cycle.slug])).content.decode()
    assert reverse("moving", args=[cycle.slug]) in page
    assert "its phases are fixed" not in page
