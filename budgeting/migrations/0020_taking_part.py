from django.db import migrations

# That a voter casts a ballot, in one statement: the house's locks in their order, the clock read
# after them, then the fact. It names no ballot: what goes into the urn is another statement, so
# that no line of a log or of the activity view ever holds a voter beside their ballot's hash.
TAKE_PART = """
CREATE FUNCTION budgeting_take_part(
    cycle bigint, entry bigint, by_channel text,
    OUT state text, OUT starts_at timestamptz, OUT ends_at timestamptz, OUT at timestamptz,
    OUT paper_at timestamptz, OUT version integer,
    OUT public_key text, OUT padded_bytes integer, OUT slot_key_hash text
) LANGUAGE plpgsql AS $$
DECLARE
    mine bigint;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = cycle FOR SHARE;
    PERFORM FROM budgeting_rollentry e WHERE e.id = entry AND e.cycle_id = cycle FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    at := clock_timestamp();
    SELECT p.starts_at, p.ends_at INTO starts_at, ends_at FROM budgeting_phase p
        WHERE p.cycle_id = cycle AND p.kind = 'balloting';
    IF state <> 'open' OR at < starts_at OR at >= ends_at OR ends_at IS NULL THEN
        RETURN;
    END IF;
    SELECT p.id INTO mine FROM budgeting_participation p
        WHERE p.cycle_id = cycle AND p.roll_entry_id = entry;
    IF mine IS NULL THEN
        INSERT INTO budgeting_participation (cycle_id, roll_entry_id, channel, at)
            VALUES (cycle, entry, by_channel, at) RETURNING id INTO mine;
    ELSE
        SELECT i.at INTO paper_at FROM budgeting_checkin i WHERE i.participation_id = mine;
        IF paper_at IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;
    SELECT 1 + count(*) INTO version FROM budgeting_casting k WHERE k.participation_id = mine;
    INSERT INTO budgeting_casting (participation_id, version, cast_at) VALUES (mine, version, at);
    SELECT b.public_key, b.padded_bytes, b.slot_key_hash
        INTO public_key, padded_bytes, slot_key_hash
        FROM budgeting_board b WHERE b.cycle_id = cycle;
END $$;
"""
TAKE_PART_UNDONE = """
DROP FUNCTION budgeting_take_part(bigint, bigint, text);
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0019_paper_at_the_close")]

    operations = [migrations.RunSQL(TAKE_PART, TAKE_PART_UNDONE)]
