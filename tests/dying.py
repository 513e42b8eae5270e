"""A process of its own that is to be killed in the middle, and what it leaves in the database."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection, connections

PATIENCE_SECONDS = 30


def in_a_process_that_may_die(act: Callable[[], object]) -> int:
    """Act in a copy of this process; its exit code, negative where a signal ended it.

    Returned once the server has noticed, too, that it is gone. An act that comes to its end is
    code 0; one that raises says so on stderr, since nothing else of it comes back, and is code 1.
    """
    name = f"dying-{uuid4().hex}"
    connections.close_all()
    child = os.fork()
    if not child:
        try:
            _connect_anew()
            with connection.cursor() as cursor:
                cursor.execute("SET application_name = %s", [name])
            act()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    _until_the_server_noticed(name)
    return code


def _connect_anew() -> None:
    """With connections that nobody else has.

    While an event loop runs in this thread, as a browser's does, Django keeps its connections
    apart from those from before; in a copy no loop runs, and it finds those again, open and shared.
    """
    for alias in connections:
        connections[alias] = connections.create_connection(alias)


def _until_the_server_noticed(name: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while going_on := _connections_of(name):
        if time.monotonic() > until:
            pytest.fail(f"What a dead process asked for goes on: {going_on}")
        time.sleep(0.02)


def _connections_of(name: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, query, clock_timestamp() - query_start FROM pg_stat_activity"
            " WHERE application_name = %s",
            [name],
        )
        return cursor.fetchall()
