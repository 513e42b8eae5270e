"""A process that is to die has a connection of its own, whatever runs in the thread it copies."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from django.db import connection

from tests.dying import in_a_process_that_may_die

pytestmark = pytest.mark.django_db(transaction=True)


def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.fixture
def told_apart(monkeypatch, tmp_path):
    """What was connected before a loop ran in this thread, and what a copy used that then died."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # as a browser's tests have it
    before, told = backend(), tmp_path / "backend"

    def act():
        told.write_text(str(backend()))
        os.kill(os.getpid(), signal.SIGKILL)

    async def beside_a_loop():
        return in_a_process_that_may_die(act)

    code = asyncio.run(beside_a_loop())
    return before, int(told.read_text()), code


def test_beside_an_event_loop_a_copy_shares_no_connection(told_apart):
    before, used, code = told_apart
    assert code == -signal.SIGKILL
    assert used != before
    assert backend() == before  # nobody hung up on it
