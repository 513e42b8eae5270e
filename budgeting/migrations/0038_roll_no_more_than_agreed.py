from django.db import migrations

# Lines come with their batch, in its transaction, and no more of them than two people agreed to.
# Counted once for each statement, so that a hundred thousand lines come on as fast as before.
NO_MORE = """
CREATE FUNCTION budgeting_roll_no_more_than_agreed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT batch_id FROM new_lines) touched
        JOIN budgeting_rollbatch b ON b.id = touched.batch_id
        WHERE b.at < transaction_timestamp()
            OR (SELECT count(*) FROM budgeting_rollentry e WHERE e.batch_id = b.id) > b.added
    ) THEN
        RAISE EXCEPTION 'two people agreed to the lines of this batch, and to no more'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_no_more_than_agreed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER roll_no_more_than_agreed AFTER INSERT ON budgeting_rollentry
    REFERENCING NEW TABLE AS new_lines
    FOR EACH STATEMENT EXECUTE FUNCTION budgeting_roll_no_more_than_agreed();
"""
NO_MORE_UNDONE = """
DROP TRIGGER roll_no_more_than_agreed ON budgeting_rollentry;
DROP FUNCTION budgeting_roll_no_more_than_agreed();
"""

# Nor fewer: a batch that waits for lines would let them come later, unseen.
NO_FEWER = """
CREATE FUNCTION budgeting_roll_batch_whole() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM budgeting_rollentry e WHERE e.batch_id = NEW.id) <> NEW.added THEN
        RAISE EXCEPTION 'a batch comes onto the roll with as many lines as it says'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_batch_whole';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER roll_batch_whole AFTER INSERT ON budgeting_rollbatch
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION budgeting_roll_batch_whole();
"""
NO_FEWER_UNDONE = """
DROP TRIGGER roll_batch_whole ON budgeting_rollbatch;
DROP FUNCTION budgeting_roll_batch_whole();
"""

# A line stays as it came from its first moment on, and not only once voting has begun: whoever
# could change one in between would put somebody else in its place, and no batch would tell.
KEPT = """
DROP TRIGGER roll_frozen_when_voting ON budgeting_rollentry;
CREATE FUNCTION budgeting_roll_line_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a line of the roll stays as it came: % refused', TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roll_line_kept';
END $$;
CREATE TRIGGER roll_line_kept
    BEFORE DELETE OR UPDATE OF id, cycle_id, person_key, place_id, batch_id
    ON budgeting_rollentry FOR EACH ROW EXECUTE FUNCTION budgeting_roll_line_kept();
"""
KEPT_UNDONE = """
DROP TRIGGER roll_line_kept ON budgeting_rollentry;
DROP FUNCTION budgeting_roll_line_kept();
CREATE TRIGGER roll_frozen_when_voting
    BEFORE DELETE OR UPDATE OF cycle_id, person_key, place_id, batch_id ON budgeting_rollentry
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('until voting');
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0037_opened_as_sealed")]

    operations = [
        migrations.RunSQL(NO_MORE, NO_MORE_UNDONE),
        migrations.RunSQL(NO_FEWER, NO_FEWER_UNDONE),
        migrations.RunSQL(KEPT, KEPT_UNDONE),
    ]
