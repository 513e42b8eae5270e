"""Empty every table, as the owner: the application's role may not truncate facts."""

from __future__ import annotations

from typing import Any

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections
from psycopg import sql


class Command(flush.Command):
    """Used between tests that commit; refused where no owner's address is given."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """Empty all but the record of migrations, and let every number begin at one again."""
        database = options["database"]
        if database == "owner":  # a test that uses both names would else empty them twice
            if options["verbosity"]:
                self.stdout.write("The owner's tables are those of `default`: flush that.")
            return
        if options["interactive"] and input("Type 'yes' to lose every row: ") != "yes":
            raise CommandError("Nothing was flushed.")
        owner = _owner_of(connections[database].settings_dict["NAME"])
        with owner.transaction():
            tables = [name for (name,) in owner.execute(_TABLES)]
            empty = delete if may_pass_triggers(owner) else truncate
            empty(owner, tables)
        ContentType.objects.clear_cache()  # their rows are gone, too


_kept: dict[str, psycopg.Connection] = {}


def _owner_of(dbname: str) -> psycopg.Connection:
    """The owner's connection, kept: a new one learns of every table and index again, which takes
    longer than to empty them."""
    if dbname not in _kept or _kept[dbname].closed:
        owner = connections["owner"].settings_dict
        _kept[dbname] = psycopg.connect(
            host=owner["HOST"] or None,
            port=owner["PORT"] or None,
            user=owner["USER"],
            password=owner["PASSWORD"] or None,
            dbname=dbname,
            autocommit=True,
        )
    return _kept[dbname]


def let_go() -> None:
    """End what is kept, since a database with a connection is not dropped."""
    while _kept:
        _kept.popitem()[1].close()


def may_pass_triggers(owner: psycopg.Connection) -> bool:
    """As on the servers that tests bring, and on no other."""
    asked = "SELECT has_parameter_privilege('session_replication_role', 'SET')"
    return bool(owner.execute(asked).fetchone()[0])  # type: ignore[index]  # one row, always


def truncate(owner: psycopg.Connection, tables: list[str]) -> None:
    """Give every table new, empty files."""
    named = sql.SQL(", ").join(map(sql.Identifier, tables))
    owner.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(named))


def delete(owner: psycopg.Connection, tables: list[str]) -> None:
    """Delete from the few tables that hold rows: truncating all of them takes ten times as long,
    since each table and index gets a new file. Each is asked on its own, since one question about
    all of them takes ten times as long to plan."""
    owner.execute("SET LOCAL session_replication_role = replica")
    owner.execute(_DELETE.format(sql.Literal(tables)))
    owner.execute(_RESTART)


_TABLES = """
SELECT tablename FROM pg_tables
WHERE schemaname = 'public' AND tablename <> 'django_migrations'
"""
_DELETE = sql.SQL("""
DO $$
DECLARE
    name text;
    holds_rows boolean;
BEGIN
    FOREACH name IN ARRAY {}::text[] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO holds_rows;
        IF holds_rows THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END $$
""")
_RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
    AND sequencename <> 'django_migrations_id_seq'
"""
