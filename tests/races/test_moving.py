"""Moving a phase across its end or start: it holds or it is refused, and nobody is misled."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from budgeting.enums import PhaseKind
from budgeting.models import Board, Phase, PhaseMove, Proposal
from budgeting.services.ballots import Choice, cast
from budgeting.services.errors import RefusedError, VotingClosedError
from budgeting.services.locks import take
from budgeting.services.moving import MOVE, move_phase, request_move
from budgeting.services.proposals import submit_proposal
from civicfund.audit.services import approve_act, db_now, request_act
from tests.budgeting.test_moving import opened_with, phase_of
from tests.factories.budgeting import administrator, codes, set_instant
from tests.factories.places import NeighborhoodFactory
from tests.factories.projects import ProjectFactory
from tests.races.test_extending import misled, wait_until
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

PROPOSERS = 4
HOUR = timedelta(hours=1)


def proposing():
    """A cycle in which projects are proposed, and projects to propose."""
    cycle, _ = opened_with({PhaseKind.PROPOSING: (-5, 1)}, costs_minor=())
    place = NeighborhoodFactory()
    return cycle, [ProjectFactory(neighborhood=place) for _ in range(PROPOSERS)]


def asked_for(cycle, over):
    """Somebody has asked that proposing, which ends at ``over``, last longer."""
    phase = phase_of(cycle, PhaseKind.PROPOSING)
    times = {
        "from_starts_at": phase.starts_at, "from_ends_at": over,
        "to_starts_at": phase.starts_at, "to_ends_at": over + HOUR,
    }  # fmt: skip
    said = {name: at.isoformat() for name, at in times.items()}
    request = request_act(
        MOVE, cycle, requested_by=administrator(), phase=phase.pk, kind=phase.kind,
        reason="Late.", **said,
    )  # fmt: skip
    return request, times


def told_to(project, pot):
    """What one proposer was told, and when."""
    try:
        made = submit_proposal(project, pot, by=project.proposer)
    except RefusedError:
        return False, db_now()
    return True, made.submitted_at


def propose_across(cycle, projects, others):
    """Everybody proposes at once with ``others``; what they were told."""
    pot = cycle.pots.get()

    def act(place):
        if place < len(projects):
            return told_to(projects[place], pot)
        return others[place - len(projects)]()

    answers = at_once(len(projects) + len(others), act)
    return answers[: len(projects)], answers[len(projects) :]


def test_projects_that_wait_for_a_move_made_in_time_are_all_taken():
    cycle, projects = proposing()
    for moment in (1, 5, 30):  # a slow machine gets another try, with more time
        over = db_now() + timedelta(seconds=moment)
        (asked, _times), by = asked_for(cycle, over), administrator()
        set_instant(phase_of(cycle, PhaseKind.PROPOSING), over)
        held = Event()

        def move(asked=asked, by=by, held=held, over=over):
            try:
                with transaction.atomic():
                    made = move_phase(cycle, asked.pk, by=by)
                    held.set()
                    wait_until(over)
            except RefusedError:
                return None
            finally:
                held.set()
            return made

        pot = cycle.pots.get()

        def act(place, move=move, held=held, pot=pot):
            if place == PROPOSERS:
                return move()
            held.wait(30)
            return told_to(projects[place], pot)

        *told, made = at_once(PROPOSERS + 1, act)
        if made is not None:
            break
    assert isinstance(made, PhaseMove)
    assert all(taken and at > over for taken, at in told)
    assert Proposal.objects.count() == PROPOSERS


def test_a_move_that_waits_past_the_end_is_refused_and_nothing_is_taken_after_it():
    cycle, projects = proposing()
    over = db_now() + timedelta(seconds=1)
    (asked, _times), by = asked_for(cycle, over), administrator()
    set_instant(phase_of(cycle, PhaseKind.PROPOSING), over)
    held = Event()

    def hold():
        with transaction.atomic():
            take(cycle)
            held.set()
            wait_until(over)

    def move():
        held.wait(30)
        return move_phase(cycle, asked.pk, by=by)

    told, (_, refused) = propose_across(cycle, projects, [hold, move])
    assert isinstance(refused, RefusedError)
    assert all(at < over for taken, at in told if taken)
    assert PhaseMove.objects.count() == 0
    assert phase_of(cycle, PhaseKind.PROPOSING).ends_at == over


def voting_to_begin(seconds):
    """A vote that begins in so many seconds, its voters, and that moving it was asked for."""
    cycle, people = opened_with({}, voting=(1, 3), people=PROPOSERS)
    begins = db_now() + timedelta(seconds=seconds)
    phase = phase_of(cycle, PhaseKind.BALLOTING)
    set_instant(phase, begins, of="starts_at")
    asked = request_move(
        cycle, phase.pk, starts_at=begins + HOUR, ends_at=phase.ends_at + HOUR, reason="Late.",
        by=administrator(),
    )  # fmt: skip
    return cycle, people, begins, asked


def voted(cycle, person):
    """Whether their ballot was taken, and when they were told."""
    pot = cycle.pots.get()
    try:
        return True, cast(cycle, person, {pot.pk: Choice([codes(pot)[0]])}).at
    except VotingClosedError:
        return False, db_now()


def test_casts_that_wait_for_a_move_made_in_time_are_all_too_early():
    """It is agreed to before voting begins, and committed only after it was to begin."""
    for seconds in (2, 5, 30):  # a slow machine gets another try, with more time
        cycle, people, begins, asked = voting_to_begin(seconds)
        held, by = Event(), administrator()

        def move(cycle=cycle, asked=asked, by=by, held=held, begins=begins):
            try:
                with transaction.atomic():
                    made = move_phase(cycle, asked.pk, by=by)
                    held.set()
                    wait_until(begins)
            except RefusedError:
                return None
            finally:
                held.set()
            return made

        def act(place, cycle=cycle, people=people, move=move, held=held, begins=begins):
            if place == PROPOSERS:
                return move()
            held.wait(30)
            wait_until(begins)
            return voted(cycle, people[place])

        *told, made = at_once(PROPOSERS + 1, act)
        if made is not None:
            break
    assert isinstance(made, PhaseMove)
    assert [taken for taken, _at in told] == [False] * PROPOSERS
    assert Board.objects.get(pk=cycle.pk).size == 0
    assert phase_of(cycle, PhaseKind.BALLOTING).starts_at == begins + HOUR


def test_a_move_that_waits_until_voting_has_begun_is_refused_and_ballots_are_taken():
    cycle, people, begins, asked = voting_to_begin(2)
    held, by = Event(), administrator()

    def hold():
        with transaction.atomic():
            take(cycle)
            held.set()
            wait_until(begins)

    def act(place):
        if place == PROPOSERS:
            return hold()
        held.wait(30)
        if place == PROPOSERS + 1:
            return move_phase(cycle, asked.pk, by=by)
        wait_until(begins)
        return voted(cycle, people[place])

    *told, _, refused = at_once(PROPOSERS + 2, act)
    assert isinstance(refused, RefusedError)
    assert all(taken for taken, _at in told)
    assert PhaseMove.objects.count() == 0
    assert phase_of(cycle, PhaseKind.BALLOTING).starts_at == begins


@contextmanager
def without_the_guards():
    with connections["owner"].cursor() as owner:
        owner.execute("ALTER TABLE budgeting_phasemove DISABLE TRIGGER move_in_time")
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)
            owner.execute("ALTER TABLE budgeting_phasemove ENABLE TRIGGER move_in_time")


def test_control_a_move_without_the_lock_misleads_a_proposer():
    """A careless service looks at the clock in time, and writes without having held the cycle."""
    with without_the_guards():
        cycle, [first, second, *_] = proposing()
        over = db_now() + timedelta(seconds=0.2)
        asked, times = asked_for(cycle, over)
        phase = phase_of(cycle, PhaseKind.PROPOSING)
        set_instant(phase, over)
        wait_until(over)
        pot = cycle.pots.get()
        told = [told_to(first, pot)]
        PhaseMove.objects.create(
            cycle=cycle, phase=Phase.objects.get(pk=phase.pk), kind=phase.kind, reason="Late.",
            approval=approve_act(asked, approved_by=administrator()), **times,
        )  # fmt: skip
        told.append(told_to(second, pot))
        assert [taken for taken, _ in told] == [False, True]
        assert misled(told) == [told[0][1]]
