from django.db import migrations

# Held, so that it is not withdrawn or merged at the same moment; what is on a ballot is neither
# (``budgeting_holds``).
LISTED = """
CREATE FUNCTION budgeting_option_listed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM projects_project project
        WHERE project.id = (
            SELECT proposal.project_id FROM budgeting_proposal proposal
            WHERE proposal.id = NEW.proposal_id
        ) AND project.state IN ('stub', 'ready')
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the project of proposal % is not on the list', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_listed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER option_listed BEFORE INSERT OR UPDATE OF proposal_id ON budgeting_option
    FOR EACH ROW WHEN (NEW.proposal_id IS NOT NULL) EXECUTE FUNCTION budgeting_option_listed();
"""
LISTED_UNDONE = """
DROP TRIGGER option_listed ON budgeting_option;
DROP FUNCTION budgeting_option_listed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0032_keying_anew_as_asked"),
        ("projects", "0009_merges"),
    ]

    operations = [migrations.RunSQL(LISTED, LISTED_UNDONE)]
