from django.db import migrations

# What is transferred goes to whoever proposed the project, and went to them.
PAID = """
CREATE FUNCTION pledges_tie_project() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pledges_campaign c WHERE c.project_id = NEW.id
               AND c.state NOT IN ('draft', 'changes_requested', 'cancelled', 'unfunded')) THEN
        RAISE EXCEPTION 'project % stays with whoever proposed it', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'project_tied_by_pledges';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_tie_project BEFORE UPDATE OF proposer_id ON projects_project
    FOR EACH ROW WHEN (NEW.proposer_id <> OLD.proposer_id)
    EXECUTE FUNCTION pledges_tie_project();
"""
UNDO = """
DROP TRIGGER pledges_tie_project ON projects_project;
DROP FUNCTION pledges_tie_project();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0029_judged_by_no_team"),
        ("projects", "0022_written_by"),
    ]

    operations = [migrations.RunSQL(PAID, UNDO)]
