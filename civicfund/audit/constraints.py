"""Guarantees that PostgreSQL gives and Django's constraints cannot say, as migration operations."""

from __future__ import annotations

from django.db.migrations import RunSQL


def append_only(table: str) -> RunSQL:
    """Refuse every UPDATE and DELETE of the table's rows, whoever asks.

    TRUNCATE is kept from the application by its role's rights (see ``grant_rights``).
    """
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{table} is append-only: % refused', TG_OP
                USING ERRCODE = 'restrict_violation', CONSTRAINT = '{table}_append_only';
        END $$;
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_append_only();
        """,
        f"DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_append_only();",
    )


def frozen_columns(table: str, columns: list[str], *, once: str) -> RunSQL:
    """Refuse a change of ``columns`` in rows for which the SQL condition ``once`` holds of OLD."""
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{table}: {", ".join(columns)} can no longer change'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = '{table}_frozen';
        END $$;
        CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} FOR EACH ROW
            WHEN (({once}) AND ({changed})) EXECUTE FUNCTION {table}_frozen();
        """,
        f"DROP TRIGGER {table}_frozen ON {table}; DROP FUNCTION {table}_frozen();",
    )
