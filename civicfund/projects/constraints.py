"""Guarantees of the projects' tables that other apps ask for in their migrations."""

from __future__ import annotations

from django.db.migrations import RunSQL


def _holds(name: str, condition: str) -> str:
    return f"""
        CREATE OR REPLACE FUNCTION {name}_holds(project bigint) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition} THEN
                RAISE EXCEPTION 'project % stays as it is', project
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'project_held_by_{name}';
            END IF;
        END $$;
        """


def held_instead_while(name: str, condition: str, *, before: str) -> RunSQL:
    """Another condition for what ``held_while`` refuses; ``before`` is the one it replaces."""
    return RunSQL(_holds(name, condition), _holds(name, before))


def held_while(name: str, condition: str) -> RunSQL:
    """Refuse changes of what was decided on while the SQL ``condition`` holds of ``project``."""
    return RunSQL(
        _holds(name, condition)
        + f"""
        CREATE FUNCTION {name}_holds_project() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM {name}_holds(OLD.id);
            RETURN NEW;
        END $$;
        CREATE FUNCTION {name}_holds_cost_lines() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN PERFORM {name}_holds(OLD.project_id); END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            PERFORM {name}_holds(NEW.project_id);
            RETURN NEW;
        END $$;
        CREATE TRIGGER {name}_holds BEFORE UPDATE ON projects_project FOR EACH ROW WHEN (
            (NEW.title, NEW.summary, NEW.neighborhood_id, NEW.latitude, NEW.longitude)
                IS DISTINCT FROM
            (OLD.title, OLD.summary, OLD.neighborhood_id, OLD.latitude, OLD.longitude)
            OR (NEW.state <> OLD.state AND NEW.state IN ('withdrawn', 'merged'))
        ) EXECUTE FUNCTION {name}_holds_project();
        CREATE TRIGGER {name}_holds BEFORE INSERT OR UPDATE OR DELETE ON projects_costline
            FOR EACH ROW EXECUTE FUNCTION {name}_holds_cost_lines();
        """,
        f"""
        DROP TRIGGER {name}_holds ON projects_project;
        DROP TRIGGER {name}_holds ON projects_costline;
        DROP FUNCTION {name}_holds_project();
        DROP FUNCTION {name}_holds_cost_lines();
        DROP FUNCTION {name}_holds(bigint);
        """,
    )
