"""A process that is to die has a connection of its own, whatever runs in the thread it copies."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from tests.dying import in_a_process_that_may_die

pytestmark = pytest.mark.django_db(transaction=True)


def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def tried(told):
    """What was connected before a loop ran, what a copy used that died, its code, and what is left.

    In a thread of its own: in that of the tests a browser's loop may run already.
    """
    before = backend()

    def act():
        told.write_text(str(backend()))
        os.kill(os.getpid(), signal.SIGKILL)

    async def beside_a_loop():
        try:
            return in_a_process_that_may_die(act)
        finally:
            connections.close_all()

    try:
        code = asyncio.run(beside_a_loop())
        return before, int(told.read_text()), code, backend()
    finally:
        connections.close_all()


def test_beside_an_event_loop_a_copy_shares_no_connection(monkeypatch, tmp_path):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # as a browser's tests have it
    with ThreadPoolExecutor(1) as thread:
        before, used, code, after = thread.submit(tried, tmp_path / "backend").result()
    assert code == -signal.SIGKILL
    assert used != before
    assert after == before  # nobody hung up on it
