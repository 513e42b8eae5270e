from django.db import migrations

# What had gone into a project that was withdrawn since comes out of it, as it would have.
RELEASED = """
CREATE TEMPORARY TABLE released ON COMMIT DROP AS
    SELECT merge.id, merge.project_id, merge.into_id, merge.state_before, merge.brought
    FROM projects_merge merge
        JOIN projects_project whole ON whole.id = merge.into_id
        JOIN projects_project child ON child.id = merge.project_id
    WHERE merge.state = 'agreed' AND whole.state = 'withdrawn'
        AND child.merged_into_id = whole.id;
UPDATE projects_project child SET state = released.state_before, merged_into_id = NULL
    FROM released WHERE child.id = released.project_id;
UPDATE projects_project part SET merged_into_id = released.project_id
    FROM released
    WHERE part.id = ANY (released.brought) AND part.merged_into_id = released.into_id;
UPDATE projects_merge merge SET state = 'undone',
        undone_because = 'The project that it had become part of was withdrawn.'
    FROM released WHERE merge.id = released.id;
SET CONSTRAINTS ALL IMMEDIATE;
DROP TABLE released;
"""

# Asked at the end of the transaction that withdraws it: what went into it came out again.
WHOLE = """
CREATE FUNCTION projects_whole_is_there() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM projects_project whole JOIN projects_project part
            ON part.merged_into_id = whole.id
        WHERE whole.state = 'withdrawn' AND NEW.id IN (whole.id, part.id)
    ) THEN
        RAISE EXCEPTION 'project % would be part of one that is withdrawn, or the other way', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'project_whole_is_there';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER projects_whole_is_there
    AFTER INSERT OR UPDATE OF state, merged_into_id ON projects_project
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'withdrawn' OR NEW.merged_into_id IS NOT NULL)
    EXECUTE FUNCTION projects_whole_is_there();
"""
WHOLE_UNDONE = """
DROP TRIGGER projects_whole_is_there ON projects_project;
DROP FUNCTION projects_whole_is_there();
"""

# Whoever withdraws a project undoes what went into it, and judges nobody by that.
JUDGED = """
CREATE FUNCTION projects_merge_by_no_author() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM projects_project project
        WHERE project.id IN (NEW.project_id, NEW.into_id) AND (
            project.proposer_id = NEW.decided_by_id OR EXISTS (
                SELECT FROM projects_coauthor author
                WHERE author.project_id = project.id AND author.user_id = NEW.decided_by_id))
    ) AND NOT (NEW.state = 'undone' AND EXISTS (
        SELECT FROM projects_project whole
        WHERE whole.id = NEW.into_id AND whole.state = 'withdrawn')
    ) THEN
        RAISE EXCEPTION 'nobody decides as a moderator on what they write'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'merge_by_no_author';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER merge_by_no_author AFTER INSERT OR UPDATE OF state ON projects_merge
    FOR EACH ROW WHEN (NEW.state = 'undone' OR NEW.by_moderator AND NEW.state = 'agreed')
    EXECUTE FUNCTION projects_merge_by_no_author();
"""
JUDGED_UNDONE = """
DROP TRIGGER merge_by_no_author ON projects_merge;
DROP FUNCTION projects_merge_by_no_author();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0017_totals_filled_and_indexed")]

    operations = [
        migrations.RunSQL(RELEASED, migrations.RunSQL.noop),
        migrations.RunSQL(WHOLE, WHOLE_UNDONE),
        migrations.RunSQL(JUDGED, JUDGED_UNDONE),
    ]
