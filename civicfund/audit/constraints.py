"""Guarantees that PostgreSQL gives and Django's constraints cannot say, as migration operations."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunSQL
from django.db.migrations.state import ProjectState


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


class AddIndexBesideWrites(AddIndexConcurrently):
    """Build an index while others write, for a migration that is not atomic; may be run again.

    What an earlier version of the migration has built is left alone, and what a build that was
    broken off left behind is built anew.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build it unless it is there and whole."""
        is_whole = _is_whole(schema_editor, self.index.name)
        # It waits for older transactions, a night's backup perhaps, and holds up nobody meanwhile.
        schema_editor.execute("SET lock_timeout = 0")
        if is_whole is False:
            self.database_backwards(app_label, schema_editor, to_state, from_state)
        if not is_whole:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        schema_editor.execute("RESET lock_timeout")


def _is_whole(schema_editor: BaseDatabaseSchemaEditor, index: str) -> bool | None:
    """Whether the index can be used; None where there is none."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f'"{index}"']
        )
        found = cursor.fetchone()
    return bool(found[0]) if found else None
