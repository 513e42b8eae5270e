"""What the application's role may not do in the database, and where functions look for tables."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, connections, transaction

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

# What runs with its owner's rights, and what asks whether two people agreed.
_LOOK_ELSEWHERE = """
SELECT p.proname FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
    AND (p.prosecdef OR p.prorettype = 'trigger'::regtype
        AND p.prosrc ~ 'audit_(approval|actrequest)')
    AND NOT coalesce('search_path=public, pg_temp' = ANY (p.proconfig), false)
ORDER BY 1
"""


def _look_elsewhere(alias: str) -> list[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute(_LOOK_ELSEWHERE)
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.parametrize("name", ["budgeting_cycle", "budgeting_keying_5"])
def test_the_application_makes_no_table_that_stands_in_for_another(name):
    with (
        pytest.raises(ProgrammingError, match="permission denied to create temporary tables"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"CREATE TEMPORARY TABLE {name} (id bigint)")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")
        assert cursor.fetchone() == (0,)


def test_functions_with_rights_and_guards_of_two_people_look_into_temporary_tables_last():
    assert _look_elsewhere("default") == []


@pytest.mark.parametrize(
    "function",
    [
        "pg_temp_first() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public"
        " AS $$ BEGIN END $$",
        "pg_temp_first() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN END $$",
        "pg_temp_first() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN PERFORM FROM audit_approval; RETURN NEW; END $$",
    ],
)
def test_one_that_looks_there_first_would_be_found(function):
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"CREATE FUNCTION {function}")
    assert _look_elsewhere("owner") == ["pg_temp_first"]


def test_what_was_unsealed_is_the_owners_and_takes_no_trigger():
    with connection.cursor() as cursor:
        cursor.execute("SELECT budgeting_make_unsealed()")
        cursor.execute("SELECT budgeting_make_unsealed()")  # a second one replaces the first
        cursor.execute("INSERT INTO budgeting_unsealed VALUES ('{}', false)")
        cursor.execute("SELECT count(*) FROM budgeting_unsealed")
        assert cursor.fetchone() == (1,)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "CREATE TRIGGER aside BEFORE INSERT ON budgeting_unsealed"
            " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        )
