"""Towns that are made up, for a try-out, a measurement or a test: there nobody gives roles."""

from __future__ import annotations

from django.db import connection, connections

from civicfund.people.models import User
from civicfund.people.services.errors import RoleError

# Only the owner of the database may: the application's role has no right to it.
MADE_UP = """
CREATE OR REPLACE FUNCTION people_town_is_made_up() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS 'SELECT true';
"""


def is_made_up() -> bool:
    """Whether the owner of the database has said so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT people_town_is_made_up()")
        return bool(cursor.fetchone()[0])


def mark_as_made_up() -> None:
    """Say, as the owner, that the town is made up: ``grant_role`` works there from now on.

    Raises ``RoleError`` where somebody has an account already.
    """
    if is_made_up():
        return
    if User.objects.exists():
        raise RoleError("There are people in this town: it is not made up.")
    with connections["owner"].cursor() as cursor:
        cursor.execute(MADE_UP)
