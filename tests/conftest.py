"""The tests' database: made and emptied by the owner, used as the application's role."""

from __future__ import annotations

import gc
import os
import time
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from django.db import connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from psycopg import sql
from psycopg.errors import ObjectInUse
from pytest_django.plugin import blocking_manager_key

from civicfund.audit.management.commands.flush import let_go
from civicfund.people.services import mark_as_made_up
from civicfund.prepared import Prepared
from tests.migrating import drawing_one_model, to_the_newest
from tests.tables import keep_tables
from tests.turns import DAYS, waiting

pytest_plugins = ["tests.sandbox_fixtures"]

# A busy machine is no fault of what is tried: pytest has a limit for the whole of a test.
hypothesis.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("patient")

# What is put into SQL once is held against what Django would ask now, each time.
Prepared.checked = True

_DATABASES = pytest.StashKey[tuple[str, str, str]]()


def pytest_configure(config):
    if not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError(
            "Tests need real servers: run `make test`, or "
            "`python -m civicfund.launch with-servers pytest …`."
        )


def pytest_addoption(parser):
    parser.addoption(
        "--in-turns",
        type=int,
        metavar="DAY",
        help=f"of tests marked `turns` run those whose turn is on that day, one of {DAYS}",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """The long ones first, else one process works through the last of them while the rest wait.

    None of them may empty the database; tests with transactions of their own do, and come last.
    """
    day = config.getoption("--in-turns")
    if day is not None:
        others = set(waiting(items, day))
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def _owner(dbname: str) -> psycopg.Connection:
    owner = connections["owner"].settings_dict
    return psycopg.connect(
        host=owner["HOST"] or None,
        port=owner["PORT"] or None,
        user=owner["USER"],
        password=owner["PASSWORD"] or None,
        dbname=dbname,
        autocommit=True,
    )


def _drop(served: str, name: str) -> None:
    """Drop the database once the live server's threads have let go of it: the owner may not end
    connections of the application's role."""
    statement = sql.SQL("DROP DATABASE {}").format(sql.Identifier(name))
    with _owner(served) as owner:
        for _ in range(600):
            try:
                owner.execute(statement)
                return
            except ObjectInUse:
                time.sleep(0.1)
        owner.execute(statement)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    """A database for this process, before the clock of any test runs."""
    needed = any(item.get_closest_marker("django_db") for item in session.items)
    if needed and not session.config.option.collectonly and _runs_tests(session.config):
        with session.config.stash[blocking_manager_key].unblock():
            _make_database(session.config)
    _spare_the_collector()


def _runs_tests(config) -> bool:
    """Whether this process does: with xdist the first one only hands them out."""
    return hasattr(config, "workerinput") or not config.getoption("numprocesses", None)


def _make_database(config) -> None:
    """By the owner, as in production, rights granted: once, and copied by each process."""
    served = settings.DATABASES["default"]["NAME"]
    given = getattr(config, "workerinput", {"testrunuid": str(os.getpid()), "workerid": "alone"})
    template = f"template_{served}_{given['testrunuid'][:12]}"
    config.stash[_DATABASES] = served, template, f"test_{served}_{given['workerid']}_{os.getpid()}"
    with _owner(served) as owner:
        owner.execute("SELECT pg_advisory_lock(hashtext(%s))", [template])
        known = owner.execute("SELECT FROM pg_database WHERE datname = %s", [template])
        if known.fetchone() is None:
            _migrate(owner, served, template)
        owner.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(config.stash[_DATABASES][2]), sql.Identifier(template)
            )
        )
    _use(config.stash[_DATABASES][2])
    call_command("grant_rights")  # those on a database are not copied with it


def _spare_the_collector() -> None:
    """What is loaded by now stays to the end: it is not looked through again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _migrate(owner, served: str, template: str) -> None:
    """It gets its name when it is whole, so that one left half made is never taken."""
    half = f"{template}_half"
    owner.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(half)))
    owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(half)))
    _use(half)
    with drawing_one_model():
        call_command("migrate", database="owner", verbosity=0)
    call_command("grant_rights")
    mark_as_made_up()
    connections.close_all()
    _use(served)
    owner.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
            sql.Identifier(half), sql.Identifier(template)
        )
    )


def _use(name: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def pytest_sessionfinish(session):
    """Drop what was made; whoever comes to the template too late finds it gone."""
    if _DATABASES not in session.config.stash:
        return
    served, template, own = session.config.stash[_DATABASES]
    with session.config.stash[blocking_manager_key].unblock():
        connections.close_all()
        let_go()
    _drop(served, own)
    with _owner(served) as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(template)))


@pytest.fixture(scope="session")
def tables(pytestconfig, tmp_path_factory) -> str:
    """The file of this process's tables, for those tests that are begun before any other writes
    into them; empty where no test of the run asked for a database.
    """
    if _DATABASES not in pytestconfig.stash:
        return ""
    owner = connections["owner"].settings_dict
    address = (
        f"postgresql://{quote(owner['USER'])}:{quote(owner['PASSWORD'])}@{owner['HOST']}"
        f":{owner['PORT']}/{pytestconfig.stash[_DATABASES][2]}"
    )
    return str(keep_tables(address, tmp_path_factory.mktemp("tables") / "tables"))


@pytest.fixture(scope="session")
def django_db_setup():
    """It is there already: see ``pytest_runtestloop``."""


@pytest.fixture(autouse=True)
def _own_cache():
    """Rate limits and cached values of one test never reach another.

    What is connected stays so: a connection for each test would be left open by each.
    """
    prefix = uuid4().hex
    for cache in settings.CACHES.values():
        cache["KEY_PREFIX"] = prefix
    for cache in caches.all(initialized_only=True):
        cache.key_prefix = prefix


@pytest.fixture
def newest_again():
    """For a test whose way back to older tables is committed."""
    yield
    to_the_newest()
