"""What `manage.py check --database default` says of the database's roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections

_OWNED = """
SELECT count(*) FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND rolname = current_user
"""

# Asked apart, since before the first migration there is none.
_IS_KNOWN = "SELECT to_regprocedure('people_town_is_made_up()') IS NOT NULL"
_IS_MADE_UP = "SELECT people_town_is_made_up()"


def application_owns_no_table(
    databases: Sequence[str] | None = None, *, application: str = "default", **kwargs: Any
) -> list[CheckMessage]:
    """Whoever owns a table can take its guards away, so in production the application must not.

    In a try-out with one role this is a warning.
    """
    if application not in (databases or ()):
        return []
    with connections[application].cursor() as cursor:
        cursor.execute(_OWNED)
        owned = cursor.fetchone()[0]
    if not owned:
        return []
    say = Warning if settings.DEBUG else Error
    return [
        say(
            f"The application's database role owns {owned} tables: it could rewrite facts.",
            hint="Give DATABASE_URL and MIGRATE_DATABASE_URL different roles (docs/operations.md).",
            id="civicfund.E001",
        )
    ]


def town_is_not_made_up(
    databases: Sequence[str] | None = None, *, application: str = "default", **kwargs: Any
) -> list[CheckMessage]:
    """In a made-up town roles are given by nobody: in production that would be anybody."""
    if settings.DEBUG or application not in (databases or ()):
        return []
    with connections[application].cursor() as cursor:
        for question in (_IS_KNOWN, _IS_MADE_UP):
            cursor.execute(question)
            if not cursor.fetchone()[0]:
                return []
    return [
        Error(
            "The database is marked as that of a made-up town: whoever writes to it gives roles.",
            hint="Start with an empty database (docs/operations.md).",
            id="civicfund.E002",
        )
    ]
