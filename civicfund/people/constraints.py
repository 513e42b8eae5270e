"""What no row may do about somebody who is erased, as migration operations."""

from __future__ import annotations

from django.db.migrations import RunSQL


def by_nobody_erased(table: str, column: str) -> RunSQL:
    """Refuse a row that is made by, or handed to, somebody who is erased.

    Whoever is being erased just now is waited for, so that neither passes the other unseen.
    """
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_by_somebody() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM people_user
                WHERE id = NEW.{column} AND erased_at IS NULL FOR KEY SHARE;
            IF NOT FOUND THEN
                RAISE EXCEPTION '{table}: this person is erased'
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = '{table}_by_somebody';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER {table}_by_somebody BEFORE INSERT OR UPDATE OF {column} ON {table}
            FOR EACH ROW WHEN (NEW.{column} IS NOT NULL) EXECUTE FUNCTION {table}_by_somebody();
        """,
        f"DROP TRIGGER {table}_by_somebody ON {table}; DROP FUNCTION {table}_by_somebody();",
    )
