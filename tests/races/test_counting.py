"""Counts that are killed, and counts that run at once, leave one tally for each rule."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from budgeting.enums import CycleState
from budgeting.models import Cycle, Tally
from budgeting.services.counting import count_cycle, count_pot
from budgeting.tasks import count_due_cycles
from tests.budgeting.test_counting import unsealed
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

RULES = ["equal_shares_cardinality_greedy", "equal_shares_cost_greedy", "greedy", "phragmen"]


def rules_counted():
    return sorted(Tally.objects.values_list("rule", flat=True))


def test_four_sweeps_at_once_count_a_cycle_once():
    cycle = unsealed([[0], [0, 1], [2]])
    told = at_once(4, lambda _: count_cycle(Cycle.objects.get(pk=cycle.pk)))
    assert set(told) <= {True, False}
    assert True in told
    assert rules_counted() == RULES
    cycle.refresh_from_db()
    assert cycle.state == CycleState.COUNTED


def test_workers_that_do_not_wait_for_each_other_still_write_each_tally_once():
    cycle = unsealed([[0], [0, 1], [2]])
    told = at_once(4, lambda _: count_pot(cycle, cycle.pots.get()))
    assert told == [None] * 4
    assert rules_counted() == RULES


@contextmanager
def without_the_unique_keys():
    with connections["owner"].cursor() as owner:
        owner.execute("ALTER TABLE budgeting_tally DROP CONSTRAINT tally_once")
        owner.execute("DROP INDEX tally_one_binding_for_each_pot")
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)
            owner.execute(
                "ALTER TABLE budgeting_tally ADD CONSTRAINT tally_once"
                " UNIQUE (cycle_id, pot_id, rule, parameters_digest, digest)"
            )
            owner.execute(
                "CREATE UNIQUE INDEX tally_one_binding_for_each_pot"
                " ON budgeting_tally (pot_id) WHERE binding"
            )


def test_control_without_the_unique_keys_they_write_tallies_twice():
    with without_the_unique_keys():
        cycle = unsealed([[0], [0, 1], [2]])
        at_once(4, lambda _: count_pot(cycle, cycle.pots.get()))
        assert len(rules_counted()) > len(RULES)


@contextmanager
def worker(queue):
    """A real Celery worker on this test's database, with a queue of its own."""
    database = settings.DATABASES["default"]
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{database['NAME']}"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "civicfund.celery",
            "worker",
            "--queues",
            queue,
            "--concurrency",
            "1",
            "--loglevel",
            "ERROR",
            "--without-gossip",
            "--without-mingle",
        ],
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "civicfund.settings.test"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def until(true, seconds=60):
    """Whether something came to be within the time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def waits_for_us():
    """Whether somebody waits for what the owner's connection holds."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]


WAITING_TRIGGER = """
CREATE FUNCTION tests_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock(5150); RETURN NEW; END $$;
CREATE TRIGGER tests_wait BEFORE INSERT ON budgeting_tally
    FOR EACH ROW WHEN (NOT NEW.binding) EXECUTE FUNCTION tests_wait();
"""


@contextmanager
def held(statement):
    """What the owner's connection holds keeps a worker where it stands."""
    owner = connections["owner"]
    owner.set_autocommit(False)
    try:
        with owner.cursor() as cursor:
            cursor.execute(statement)
        yield
    finally:
        owner.rollback()
        owner.set_autocommit(True)


@pytest.fixture
def waiting_before_the_second_tally():
    with connections["owner"].cursor() as owner:
        owner.execute(WAITING_TRIGGER)
        yield
        owner.execute("DROP FUNCTION tests_wait() CASCADE")


@pytest.mark.processes
@pytest.mark.usefixtures("waiting_before_the_second_tally")
@pytest.mark.parametrize(
    ("statement", "left"),
    [
        pytest.param("LOCK TABLE budgeting_openedballot", [], id="reading"),
        pytest.param("LOCK TABLE budgeting_tally IN SHARE MODE", [], id="writing"),
        pytest.param("SELECT pg_advisory_xact_lock(5150)", ["greedy"], id="between two tallies"),
        pytest.param("SELECT FROM budgeting_cycle FOR SHARE", RULES, id="moving the cycle on"),
    ],
)
def test_a_worker_killed_while_it_counts_leaves_the_rest_to_the_next_one(statement, left):
    cycle = unsealed([[0], [0, 1], [2]])
    queue = f"counting-{uuid4().hex}"
    with worker(queue) as first, held(statement):
        count_due_cycles.apply_async(queue=queue)
        assert until(waits_for_us)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(timeout=10)
    assert until(lambda: rules_counted() == left)
    kept = set(Tally.objects.values_list("pk", flat=True))
    cycle.refresh_from_db()
    assert cycle.state == CycleState.UNSEALED

    def counted():
        count_due_cycles.apply_async(queue=queue)  # as the schedule does, again and again
        cycle.refresh_from_db()
        time.sleep(0.5)
        return cycle.state == CycleState.COUNTED

    with worker(queue):
        assert until(counted)
        assert count_cycle(cycle) in (True, False)
    assert rules_counted() == RULES
    assert Tally.objects.filter(binding=True).count() == 1
    assert set(Tally.objects.values_list("pk", flat=True)) >= kept
