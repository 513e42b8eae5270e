from django.db import migrations

# A roll knows people by their accounts or by their numbers. Under both somebody would have two
# lines, and no unique key would see it. Whoever adds holds the cycle, so that two who add at once
# do not pass each other.
ONE_KIND = """
CREATE FUNCTION budgeting_roll_of_one_kind() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM budgeting_cycle WHERE id = NEW.cycle_id FOR UPDATE;
    IF NEW.added > 0 AND EXISTS (
        SELECT FROM budgeting_rollbatch b
        WHERE b.cycle_id = NEW.cycle_id AND b.added > 0
            AND (b.source = 'residencies') <> (NEW.source = 'residencies')
    ) THEN
        RAISE EXCEPTION 'a roll is made of confirmed homes or of numbers, never of both'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_of_one_kind';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER roll_of_one_kind BEFORE INSERT ON budgeting_rollbatch
    FOR EACH ROW EXECUTE FUNCTION budgeting_roll_of_one_kind();
"""
ONE_KIND_UNDONE = """
DROP TRIGGER roll_of_one_kind ON budgeting_rollbatch;
DROP FUNCTION budgeting_roll_of_one_kind();
"""

# What was asked for is what is agreed to: the source, who may vote, how many, how many left out.
AS_ASKED = """
CREATE FUNCTION budgeting_roll_as_asked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = NEW.approval_id AND r.parameters ->> 'source' = NEW.source
            AND (r.parameters ->> 'lines')::integer >= NEW.added
            AND (r.parameters ->> 'left_out')::integer = NEW.left_out
            AND (r.parameters ->> 'eligibility')::integer = COALESCE((
                SELECT max(e.version) FROM budgeting_eligibility e
                WHERE e.cycle_id = NEW.cycle_id
            ), 0)
    ) THEN
        RAISE EXCEPTION 'lines come onto a roll as they were asked for, under the same rule'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_as_asked';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER roll_as_asked AFTER INSERT ON budgeting_rollbatch
    FOR EACH ROW EXECUTE FUNCTION budgeting_roll_as_asked();
"""
AS_ASKED_UNDONE = """
DROP TRIGGER roll_as_asked ON budgeting_rollbatch;
DROP FUNCTION budgeting_roll_as_asked();
"""

# A batch of none has no lines. Of one person the line is the one that two officers saw.
LINE_AS_ASKED = """
CREATE FUNCTION budgeting_roll_line_as_asked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    batch budgeting_rollbatch%ROWTYPE;
BEGIN
    SELECT * INTO batch FROM budgeting_rollbatch WHERE id = NEW.batch_id;
    IF batch.added = 0 OR batch.source = 'person' AND NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = batch.approval_id AND r.parameters ->> 'person_key' = NEW.person_key
            AND (r.parameters ->> 'place')::bigint = NEW.place_id
    ) THEN
        RAISE EXCEPTION 'this is not the line that two people agreed to'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_line_as_asked';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER roll_line_as_asked AFTER INSERT ON budgeting_rollentry
    FOR EACH ROW EXECUTE FUNCTION budgeting_roll_line_as_asked();
"""
LINE_AS_ASKED_UNDONE = """
DROP TRIGGER roll_line_as_asked ON budgeting_rollentry;
DROP FUNCTION budgeting_roll_line_as_asked();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0033_options_of_listed_projects")]

    operations = [
        migrations.RunSQL(ONE_KIND, ONE_KIND_UNDONE),
        migrations.RunSQL(AS_ASKED, AS_ASKED_UNDONE),
        migrations.RunSQL(LINE_AS_ASKED, LINE_AS_ASKED_UNDONE),
    ]
