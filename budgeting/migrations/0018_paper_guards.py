from django.db import migrations

from civicfund.audit.constraints import append_only

FACTS = (
    "papervote",
    "sheetbatch",
    "sheet",
    "checkin",
    "placetotals",
    "keying",
    "keyingend",
    "sampledsheet",
    "samplereading",
    "papercount",
)

# One cycle throughout.
SAME_CYCLE = """
ALTER TABLE budgeting_sheetbatch ADD CONSTRAINT sheet_batch_place_of_its_cycle
    FOREIGN KEY (place_id, cycle_id) REFERENCES budgeting_pollingplace (id, cycle_id);
ALTER TABLE budgeting_sheet ADD CONSTRAINT sheet_batch_of_its_cycle
    FOREIGN KEY (batch_id, cycle_id) REFERENCES budgeting_sheetbatch (id, cycle_id);
ALTER TABLE budgeting_sampledsheet ADD CONSTRAINT sampled_sheet_of_its_cycle
    FOREIGN KEY (sheet_id, cycle_id) REFERENCES budgeting_sheet (id, cycle_id);
ALTER TABLE budgeting_papervote ADD CONSTRAINT paper_seed_was_committed
    CHECK (commitment = encode(sha256(decode(seed, 'hex')), 'hex'));
"""
SAME_CYCLE_UNDONE = """
ALTER TABLE budgeting_papervote DROP CONSTRAINT paper_seed_was_committed;
ALTER TABLE budgeting_sampledsheet DROP CONSTRAINT sampled_sheet_of_its_cycle;
ALTER TABLE budgeting_sheet DROP CONSTRAINT sheet_batch_of_its_cycle;
ALTER TABLE budgeting_sheetbatch DROP CONSTRAINT sheet_batch_place_of_its_cycle;
"""

# Paper, its places and its sheets are prepared until voting ends; sheets are printed from the
# opening on, and what they show is frozen by the first of them.
PREPARING = """
CREATE FUNCTION budgeting_paper_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.cycle_id ELSE NEW.cycle_id END;
    state text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.cycle_id <> OLD.cycle_id THEN
        RAISE EXCEPTION '% cannot go to another cycle', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'paper_in_time';
    END IF;
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = cycle FOR UPDATE;
    IF state = 'draft' AND TG_ARGV[0] = 'draft' OR state = 'open' AND clock_timestamp() < (
        SELECT p.ends_at FROM budgeting_phase p WHERE p.cycle_id = cycle AND p.kind = 'balloting'
    ) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% can no longer change: the cycle is %', TG_TABLE_NAME, state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'paper_in_time';
END $$;
CREATE TRIGGER paper_in_time BEFORE INSERT ON budgeting_papervote
    FOR EACH ROW EXECUTE FUNCTION budgeting_paper_in_time('draft');
CREATE TRIGGER paper_in_time BEFORE INSERT OR UPDATE OR DELETE ON budgeting_pollingplace
    FOR EACH ROW EXECUTE FUNCTION budgeting_paper_in_time('draft');
CREATE TRIGGER paper_in_time BEFORE INSERT ON budgeting_sheetbatch
    FOR EACH ROW EXECUTE FUNCTION budgeting_paper_in_time('open');

CREATE FUNCTION budgeting_option_printed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.cycle_id ELSE NEW.cycle_id END;
BEGIN
    -- Whoever prints holds the cycle alone.
    PERFORM FROM budgeting_cycle c WHERE c.id = cycle FOR SHARE;
    IF EXISTS (SELECT FROM budgeting_sheetbatch b WHERE b.cycle_id = cycle) THEN
        RAISE EXCEPTION 'sheets are printed: what stands on the ballot no longer changes'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'option_frozen_when_printed';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER option_frozen_when_printed BEFORE INSERT OR UPDATE OR DELETE ON budgeting_option
    FOR EACH ROW EXECUTE FUNCTION budgeting_option_printed();

CREATE FUNCTION budgeting_sheets_as_printed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM budgeting_sheetbatch b WHERE b.id IN (SELECT DISTINCT batch_id FROM added)
            AND b.printed <> (SELECT count(*) FROM budgeting_sheet s WHERE s.batch_id = b.id)
    ) THEN
        RAISE EXCEPTION 'a batch has as many sheets as it says'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sheets_as_printed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sheets_as_printed AFTER INSERT ON budgeting_sheet
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION budgeting_sheets_as_printed();
"""
PREPARING_UNDONE = """
DROP TRIGGER sheets_as_printed ON budgeting_sheet;
DROP FUNCTION budgeting_sheets_as_printed();
DROP TRIGGER option_frozen_when_printed ON budgeting_option;
DROP FUNCTION budgeting_option_printed();
DROP TRIGGER paper_in_time ON budgeting_sheetbatch;
DROP TRIGGER paper_in_time ON budgeting_pollingplace;
DROP TRIGGER paper_in_time ON budgeting_papervote;
DROP FUNCTION budgeting_paper_in_time();
"""

# Paper is final. Both sides take the voter's line of the roll first, so that whoever comes second
# sees what the other has written.
FINAL = """
CREATE FUNCTION budgeting_check_in_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM budgeting_rollentry entry JOIN budgeting_participation participation
        ON participation.roll_entry_id = entry.id
        WHERE participation.id = NEW.participation_id FOR UPDATE OF entry;
    IF NOT EXISTS (
        SELECT FROM budgeting_participation participation
            JOIN budgeting_cycle cycle ON cycle.id = participation.cycle_id
            JOIN budgeting_papervote paper ON paper.cycle_id = cycle.id
            JOIN budgeting_pollingplace place ON place.cycle_id = cycle.id
            JOIN budgeting_phase phase ON phase.cycle_id = cycle.id AND phase.kind = 'balloting'
        WHERE participation.id = NEW.participation_id AND place.id = NEW.place_id
            AND cycle.state = 'open'
            AND phase.starts_at <= NEW.at AND NEW.at < phase.ends_at
            AND NEW.at <= clock_timestamp()
    ) THEN
        RAISE EXCEPTION 'people are checked in at a place of their cycle while voting runs'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'check_in_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_in_in_time BEFORE INSERT ON budgeting_checkin
    FOR EACH ROW EXECUTE FUNCTION budgeting_check_in_in_time();

CREATE FUNCTION budgeting_paper_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM budgeting_rollentry entry JOIN budgeting_participation participation
        ON participation.roll_entry_id = entry.id
        WHERE participation.id = NEW.participation_id FOR UPDATE OF entry;
    IF EXISTS (SELECT FROM budgeting_checkin c WHERE c.participation_id = NEW.participation_id) THEN
        RAISE EXCEPTION 'this voter was given a paper ballot, and that is final'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'paper_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_is_final BEFORE INSERT ON budgeting_casting
    FOR EACH ROW EXECUTE FUNCTION budgeting_paper_is_final();
"""
FINAL_UNDONE = """
DROP TRIGGER paper_is_final ON budgeting_casting;
DROP FUNCTION budgeting_paper_is_final();
DROP TRIGGER check_in_in_time ON budgeting_checkin;
DROP FUNCTION budgeting_check_in_in_time();
"""

# A place's sheets are accounted for between the end of voting and that of keying, and where the
# sums do not meet somebody says why.
TOTALS = """
CREATE FUNCTION budgeting_totals_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle bigint := (SELECT cycle_id FROM budgeting_pollingplace WHERE id = NEW.place_id);
    state text;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = cycle FOR SHARE;
    IF EXISTS (SELECT FROM budgeting_keyingend e WHERE e.cycle_id = cycle)
            OR NOT (state = 'closed' OR state = 'open' AND clock_timestamp() >= (
        SELECT p.ends_at FROM budgeting_phase p WHERE p.cycle_id = cycle AND p.kind = 'balloting'
    )) THEN
        RAISE EXCEPTION 'a place is accounted for between the end of voting and that of keying'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'totals_in_time';
    END IF;
    IF NEW.reason = '' AND NEW.cast + NEW.spoiled + NEW.returned <> (
        SELECT coalesce(sum(printed), 0) FROM budgeting_sheetbatch WHERE place_id = NEW.place_id
    ) THEN
        RAISE EXCEPTION 'where sheets are missing or too many, somebody says why'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'totals_explained';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER totals_in_time BEFORE INSERT ON budgeting_placetotals
    FOR EACH ROW EXECUTE FUNCTION budgeting_totals_in_time();
"""
TOTALS_UNDONE = """
DROP TRIGGER totals_in_time ON budgeting_placetotals;
DROP FUNCTION budgeting_totals_in_time();
"""

# Keying: after the close and before its end, by two clerks, and by a third where they differ. It
# ends when no sheet is left with one keying or with two that differ; its sums are looked at.
KEYING = """
CREATE FUNCTION budgeting_keying_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state text;
    before integer;
    different integer;
    sealed_length integer;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR SHARE;
    IF state IS DISTINCT FROM 'closed'
            OR NOT EXISTS (SELECT FROM budgeting_papervote p WHERE p.cycle_id = NEW.cycle_id)
            OR EXISTS (SELECT FROM budgeting_keyingend e WHERE e.cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'sheets are keyed between the close and the end of keying'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_in_time';
    END IF;
    SELECT count(*), count(DISTINCT k.digest) INTO before, different FROM budgeting_keying k
        WHERE k.cycle_id = NEW.cycle_id AND k.slot = NEW.slot;
    IF NEW.turn <> before + 1 OR before > 2 OR before = 2 AND different = 1 THEN
        RAISE EXCEPTION 'a sheet is keyed twice, and a third time where these two differ'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_turns';
    END IF;
    SELECT padded_bytes + 48 INTO sealed_length FROM budgeting_board WHERE cycle_id = NEW.cycle_id;
    IF octet_length(NEW.ciphertext) <> sealed_length THEN
        RAISE EXCEPTION 'all sealed ballots of a cycle are equally long'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_length';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keying_in_time BEFORE INSERT ON budgeting_keying
    FOR EACH ROW EXECUTE FUNCTION budgeting_keying_in_time();

CREATE VIEW budgeting_keyedsheets AS
    SELECT cycle_id, slot, count(*) AS keyings, count(DISTINCT digest) AS readings,
        (array_agg(id ORDER BY turn DESC))[1] AS decisive
    FROM budgeting_keying GROUP BY cycle_id, slot;

CREATE FUNCTION budgeting_keying_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR UPDATE)
            IS DISTINCT FROM 'closed' OR EXISTS (
        SELECT FROM budgeting_keyedsheets s WHERE s.cycle_id = NEW.cycle_id
            AND (s.keyings = 1 OR s.keyings = 2 AND s.readings = 2)
    ) THEN
        RAISE EXCEPTION 'keying ends when two clerks agree on each sheet, or a third has decided'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_unfinished';
    END IF;
    IF EXISTS (
        SELECT FROM budgeting_sheetbatch b WHERE b.cycle_id = NEW.cycle_id
            AND NOT EXISTS (SELECT FROM budgeting_placetotals t WHERE t.place_id = b.place_id)
    ) THEN
        RAISE EXCEPTION 'keying ends when every place is accounted for'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'places_accounted_for';
    END IF;
    IF (NEW.sheets, NEW.decided, NEW.void) <> (
        SELECT count(*)::integer, count(*) FILTER (WHERE s.keyings = 3)::integer,
            count(*) FILTER (WHERE k.void <> '')::integer
        FROM budgeting_keyedsheets s JOIN budgeting_keying k
            ON k.id = s.decisive AND k.cycle_id = s.cycle_id
        WHERE s.cycle_id = NEW.cycle_id
    ) OR NEW.sheets <> (
        SELECT coalesce(sum(value::integer), 0) FROM jsonb_each_text(NEW.by_place)
    ) OR NEW.void <> (
        SELECT coalesce(sum(value::integer), 0) FROM jsonb_each_text(NEW.voids)
    ) THEN
        RAISE EXCEPTION 'the sums of keying are those of what was keyed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_sums';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keying_ends BEFORE INSERT ON budgeting_keyingend
    FOR EACH ROW EXECUTE FUNCTION budgeting_keying_ends();
"""
KEYING_UNDONE = """
DROP TRIGGER keying_ends ON budgeting_keyingend;
DROP FUNCTION budgeting_keying_ends();
DROP VIEW budgeting_keyedsheets;
DROP TRIGGER keying_in_time ON budgeting_keying;
DROP FUNCTION budgeting_keying_in_time();
"""

# The sample: between the end of keying and the unsealing, each sheet by two people who are not one.
SAMPLE = """
CREATE FUNCTION budgeting_sample_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle bigint;
BEGIN
    IF TG_TABLE_NAME = 'budgeting_sampledsheet' THEN
        cycle := NEW.cycle_id;
    ELSE
        SELECT s.cycle_id INTO cycle FROM budgeting_sampledsheet s WHERE s.id = NEW.sampled_id;
    END IF;
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = cycle FOR SHARE)
            IS DISTINCT FROM 'closed'
            OR NOT EXISTS (SELECT FROM budgeting_keyingend e WHERE e.cycle_id = cycle) THEN
        RAISE EXCEPTION 'the sample is compared between keying and the opening of the ballots'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sample_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sample_in_time BEFORE INSERT ON budgeting_sampledsheet
    FOR EACH ROW EXECUTE FUNCTION budgeting_sample_in_time();
CREATE TRIGGER sample_in_time BEFORE INSERT ON budgeting_samplereading
    FOR EACH ROW EXECUTE FUNCTION budgeting_sample_in_time();

CREATE VIEW budgeting_comparedsheets AS
    SELECT DISTINCT ON (s.id) s.id AS sampled_id, s.cycle_id,
        o.turn IS NOT NULL AND (o.agrees = c.agrees OR o.turn = 3) AS settled,
        o.agrees AND c.agrees AS agrees
    FROM budgeting_sampledsheet s
    LEFT JOIN budgeting_samplereading o ON o.sampled_id = s.id AND o.role = 'observer'
        AND EXISTS (SELECT FROM budgeting_samplereading other WHERE other.sampled_id = s.id
            AND other.role = 'clerk' AND other.turn = o.turn)
    LEFT JOIN budgeting_samplereading c ON c.sampled_id = s.id AND c.role = 'clerk'
        AND c.turn = o.turn
    ORDER BY s.id, o.turn DESC NULLS LAST;

CREATE FUNCTION budgeting_reading_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM budgeting_samplereading r WHERE r.sampled_id = NEW.sampled_id
            AND r.role <> NEW.role AND r.reader_id = NEW.reader_id) THEN
        RAISE EXCEPTION 'a sheet of the sample is read by two people'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reading_by_another';
    END IF;
    IF NEW.turn <> 1 + (SELECT count(*) FROM budgeting_samplereading r
            WHERE r.sampled_id = NEW.sampled_id AND r.role = NEW.role)
        OR NEW.turn > 1 + (SELECT count(*) FROM budgeting_samplereading r
            WHERE r.sampled_id = NEW.sampled_id AND r.role <> NEW.role)
        OR EXISTS (SELECT FROM budgeting_comparedsheets c
            WHERE c.sampled_id = NEW.sampled_id AND c.settled) THEN
        RAISE EXCEPTION 'a sheet is read again only where its two readers differ'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reading_turns';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after that of the time, which takes the lock.
CREATE TRIGGER sample_reading_turns BEFORE INSERT ON budgeting_samplereading
    FOR EACH ROW EXECUTE FUNCTION budgeting_reading_turns();

CREATE FUNCTION budgeting_cycle_paper() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    keyed integer := (SELECT sheets FROM budgeting_keyingend WHERE cycle_id = NEW.id);
    counted integer := (SELECT c.counted FROM budgeting_papercount c WHERE cycle_id = NEW.id);
BEGIN
    IF keyed IS NULL THEN
        RAISE EXCEPTION 'ballots are opened once keying has ended'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_paper_keyed';
    END IF;
    IF (SELECT count(*) FROM budgeting_comparedsheets c WHERE c.cycle_id = NEW.id AND c.settled)
            <> (SELECT least(p.sample_size, keyed) FROM budgeting_papervote p
                WHERE p.cycle_id = NEW.id) THEN
        RAISE EXCEPTION 'ballots are opened once the sample is compared'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_paper_compared';
    END IF;
    IF counted IS NULL OR counted > keyed THEN
        RAISE EXCEPTION 'with the ballots it is said how many sheets are counted'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_paper_counted';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION budgeting_has_paper(cycle bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM budgeting_papervote p WHERE p.cycle_id = cycle)
$$;
-- Its name comes after those of the moves and of the keys, which are looked at first.
CREATE TRIGGER budgeting_cycle_with_paper BEFORE UPDATE OF state ON budgeting_cycle FOR EACH ROW
    WHEN (NEW.state = 'unsealed' AND OLD.state <> 'unsealed' AND budgeting_has_paper(NEW.id))
    EXECUTE FUNCTION budgeting_cycle_paper();

CREATE FUNCTION budgeting_paper_count_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id)
            IS DISTINCT FROM 'closed' THEN
        RAISE EXCEPTION 'sheets are counted as the ballots are opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'paper_count_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_count_in_time BEFORE INSERT ON budgeting_papercount
    FOR EACH ROW EXECUTE FUNCTION budgeting_paper_count_in_time();
"""
SAMPLE_UNDONE = """
DROP TRIGGER paper_count_in_time ON budgeting_papercount;
DROP FUNCTION budgeting_paper_count_in_time();
DROP TRIGGER budgeting_cycle_with_paper ON budgeting_cycle;
DROP FUNCTION budgeting_has_paper(bigint);
DROP FUNCTION budgeting_cycle_paper();
DROP TRIGGER sample_reading_turns ON budgeting_samplereading;
DROP FUNCTION budgeting_reading_turns();
DROP VIEW budgeting_comparedsheets;
DROP TRIGGER sample_in_time ON budgeting_samplereading;
DROP TRIGGER sample_in_time ON budgeting_sampledsheet;
DROP FUNCTION budgeting_sample_in_time();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0017_paper")]

    operations = [
        *(append_only(f"budgeting_{table}") for table in FACTS),
        migrations.RunSQL(SAME_CYCLE, SAME_CYCLE_UNDONE),
        migrations.RunSQL(PREPARING, PREPARING_UNDONE),
        migrations.RunSQL(FINAL, FINAL_UNDONE),
        migrations.RunSQL(TOTALS, TOTALS_UNDONE),
        migrations.RunSQL(KEYING, KEYING_UNDONE),
        migrations.RunSQL(SAMPLE, SAMPLE_UNDONE),
    ]
