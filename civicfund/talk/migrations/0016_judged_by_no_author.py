from django.db import migrations

# Nobody hides, shows or decides on what was said of a project that they write. Asked as somebody
# does it, of them alone: whoever joins a project later has not judged anything about it.
JUDGED = """
CREATE FUNCTION talk_hiding_by_no_author() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    judge bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        judge := NEW.hidden_by_id;
    ELSIF NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id THEN
        judge := NEW.decided_by_id;
    ELSIF NEW.lifted_by_id IS DISTINCT FROM OLD.lifted_by_id THEN
        judge := NEW.lifted_by_id;
    END IF;
    IF judge IS NOT NULL AND EXISTS (
        SELECT FROM talk_comment c JOIN talk_thread t ON t.id = c.thread_id
        WHERE c.id = NEW.comment_id AND t.kind = 'project'
            AND projects_written_by(t.subject_id, judge)
    ) THEN
        RAISE EXCEPTION 'nobody judges what is said of what they write'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hiding_by_no_author';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER hiding_by_no_author AFTER INSERT OR UPDATE OF decided_by_id, lifted_by_id
    ON talk_hiding FOR EACH ROW EXECUTE FUNCTION talk_hiding_by_no_author();
"""
UNDO = """
DROP TRIGGER hiding_by_no_author ON talk_hiding;
DROP FUNCTION talk_hiding_by_no_author();
"""


class Migration(migrations.Migration):
    dependencies = [("talk", "0015_milestones"), ("projects", "0022_written_by")]

    operations = [migrations.RunSQL(JUDGED, UNDO)]
