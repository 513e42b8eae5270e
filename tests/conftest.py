"""The tests' database: made and emptied by the owner, used as the application's role."""

from __future__ import annotations

import os
import time
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql
from psycopg.errors import ObjectInUse

pytest_plugins = ["tests.sandbox_fixtures"]


def pytest_configure(config):
    if not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError(
            "Tests need real servers: run `make test`, or "
            "`python -m civicfund.launch with-servers pytest …`."
        )


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
        for _ in range(50):
            try:
                owner.execute(statement)
                return
            except ObjectInUse:
                time.sleep(0.1)
        owner.execute(statement)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker, worker_id):
    """A database for each test process, migrated as production is: by the owner, rights granted."""
    served = settings.DATABASES["default"]["NAME"]
    name = f"test_{served}_{worker_id}_{os.getpid()}"
    with _owner(served) as owner:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        call_command("grant_rights")
        connections["owner"].close()
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    _drop(served, name)


@pytest.fixture(autouse=True)
def _own_cache(settings):
    """Rate limits and cached values of one test never reach another."""
    prefix = {"KEY_PREFIX": uuid4().hex}
    settings.CACHES = {name: cache | prefix for name, cache in settings.CACHES.items()}
