from django.db import migrations

# Whoever is paused asks nobody to write with them, and makes no two projects one.
SILENT = """
CREATE FUNCTION talk_is_paused(person bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM talk_pause p WHERE p.person_id = person
        AND p.lifted_at IS NULL AND p.until > clock_timestamp())
$$;
CREATE FUNCTION talk_invitation_not_paused() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF talk_is_paused((SELECT proposer_id FROM projects_project WHERE id = NEW.project_id)) THEN
        RAISE EXCEPTION 'whoever is paused invites nobody'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invitation_while_paused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invitation_while_paused BEFORE INSERT ON projects_invitation FOR EACH ROW
    WHEN (NOT NEW.takes_over) EXECUTE FUNCTION talk_invitation_not_paused();
CREATE FUNCTION talk_merge_not_paused() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF talk_is_paused(CASE WHEN TG_OP = 'INSERT' THEN NEW.asked_by_id ELSE NEW.decided_by_id END)
    THEN
        RAISE EXCEPTION 'whoever is paused merges nothing'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'merge_while_paused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER merge_asked_while_paused BEFORE INSERT ON projects_merge
    FOR EACH ROW EXECUTE FUNCTION talk_merge_not_paused();
CREATE TRIGGER merge_while_paused BEFORE UPDATE OF state ON projects_merge FOR EACH ROW
    WHEN (NEW.state = 'agreed' AND OLD.state = 'asked') EXECUTE FUNCTION talk_merge_not_paused();
"""
UNDO = """
DROP TRIGGER merge_while_paused ON projects_merge;
DROP TRIGGER merge_asked_while_paused ON projects_merge;
DROP FUNCTION talk_merge_not_paused();
DROP TRIGGER invitation_while_paused ON projects_invitation;
DROP FUNCTION talk_invitation_not_paused();
DROP FUNCTION talk_is_paused(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("talk", "0026_dates_moved_checked"), ("projects", "0030_asked_in_vain")]

    operations = [migrations.RunSQL(SILENT, UNDO)]
