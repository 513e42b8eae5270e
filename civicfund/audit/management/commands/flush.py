"""Empty every table, as the owner: the application's role may not truncate facts."""

from __future__ import annotations

from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections
from psycopg import sql


class Command(flush.Command):
    """Used between tests that commit; refused where no owner's address is given."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """Truncate all but the record of migrations, in one statement."""
        database = options["database"]
        if options["interactive"] and input("Type 'yes' to lose every row: ") != "yes":
            raise CommandError("Nothing was flushed.")
        owner = connections["owner"].settings_dict
        tables = [
            name
            for name in connections[database].introspection.django_table_names(only_existing=True)
            if name != "django_migrations"
        ]
        with psycopg.connect(
            host=owner["HOST"] or None,
            port=owner["PORT"] or None,
            user=owner["USER"],
            password=owner["PASSWORD"] or None,
            dbname=connections[database].settings_dict["NAME"],
        ) as owner_connection:
            owner_connection.execute(
                sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(
                    sql.SQL(", ").join(sql.Identifier(name) for name in tables)
                )
            )
