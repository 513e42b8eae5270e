"""A kept connection is used as long as the server holds it, and made anew where it does not."""

from __future__ import annotations

import pytest
from django.db import OperationalError, ProgrammingError, connections

from civicfund.postgres.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept():
    """A connection as a thread of the site keeps one, used once."""
    connection = connections.create_connection("default")
    connection.inc_thread_sharing()
    backend_of(connection)
    yield connection
    connection.close()


def backend_of(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def next_request(connection):
    """What Django does when a request begins."""
    connection.health_check_done = False
    connection.close_if_unusable_or_obsolete()


def end_backend(pid):
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)


def last_question_of(pid):
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
        return cursor.fetchone()[0]


def test_a_connection_that_holds_is_kept_and_nothing_is_asked(kept):
    before = backend_of(kept)
    next_request(kept)
    kept.close_if_health_check_failed()
    assert last_question_of(before) == "SELECT 1"  # nobody has looked for a while
    assert backend_of(kept) == before
    next_request(kept)
    kept.close_if_health_check_failed()
    assert kept.health_check_done
    assert last_question_of(before) == "SELECT pg_backend_pid()"
    assert backend_of(kept) == before


def test_only_web_processes_plan_for_any_keys(monkeypatch, kept):
    asked = "SHOW plan_cache_mode"
    assert kept.connection.execute(asked).fetchone() == ("auto",)
    monkeypatch.setattr(DatabaseWrapper, "plans_once", True)
    kept.close()
    backend_of(kept)
    assert kept.connection.execute(asked).fetchone() == ("force_generic_plan",)


def test_a_connection_that_the_server_ended_is_made_anew(kept):
    before = backend_of(kept)
    kept.is_usable()
    end_backend(before)
    next_request(kept)
    assert backend_of(kept) != before


def test_control_without_the_look_the_next_question_fails(kept):
    end_backend(backend_of(kept))
    kept.health_check_done = True
    with pytest.raises(OperationalError):
        backend_of(kept)


def test_a_server_that_only_says_something_is_asked_and_the_connection_kept(kept):
    before = backend_of(kept)
    with kept.cursor() as cursor:
        cursor.execute("LISTEN something_said")
    with connections["default"].cursor() as cursor:
        cursor.execute("NOTIFY something_said")
    next_request(kept)
    assert backend_of(kept) == before


def test_a_connection_that_was_closed_here_is_not_usable(kept):
    kept.connection.close()
    assert not kept.is_usable()


def test_a_transaction_that_failed_is_not_usable(kept):
    kept.is_usable()
    kept.set_autocommit(False)
    with pytest.raises(ProgrammingError), kept.cursor() as cursor:
        cursor.execute("SELECT nothing_like_this")
    assert not kept.is_usable()
    kept.rollback()
    assert kept.is_usable()
