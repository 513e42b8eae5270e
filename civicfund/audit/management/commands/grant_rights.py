"""Give the application's role its rights, and no more: run after every migration."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connections
from psycopg import sql

from civicfund.audit.models import AppendOnly


class Command(BaseCommand):
    """Read and write on every table; on tables of facts, read and add only."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """Nothing is granted where owner and application are one role: nothing could be kept."""
        owner, application = (connections[name].settings_dict for name in ("owner", "default"))
        if owner["USER"] == application["USER"]:
            self.stderr.write(
                "One role owns and uses the tables: facts are guarded by triggers only."
            )
            return
        role = sql.Identifier(application["USER"])
        facts = [m._meta.db_table for m in apps.get_models() if issubclass(m, AppendOnly)]
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT current_database()")
            database = sql.Identifier(cursor.fetchone()[0])
            for statement in self.statements(facts):
                cursor.execute(statement.format(role=role, database=database))

    def statements(self, facts: list[str]) -> list[sql.SQL]:
        """What is run, in order; ``{role}`` stands for the application's role.

        It makes no temporary tables: those are looked up before ours of the same name.
        """
        everything = [
            "GRANT USAGE ON SCHEMA public TO {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
            "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {role}",
        ]
        kept = [f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {{role}}" for table in facts]
        return [sql.SQL(text) for text in everything + kept]
