from django.db import migrations, models

# At the close, ballots of voters who then voted on paper are left out, and counted apart.
BOARD = """
CREATE OR REPLACE FUNCTION budgeting_board_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.root = OLD.root OR OLD.root = '')
            AND (OLD.root = '' OR NEW.head = OLD.head AND NEW.size = OLD.size)
            AND (OLD.kept IS NULL OR NEW.kept = OLD.kept)
            AND (OLD.root = ''
                OR NEW.replaced_by_paper IS NOT DISTINCT FROM OLD.replaced_by_paper)
            AND (OLD.counted IS NULL OR NEW.counted = OLD.counted)
            AND (NEW.size = OLD.size AND NEW.head = OLD.head OR pg_trigger_depth() > 1) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a board only grows, and is closed once'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'board_kept';
END $$;
"""
BOARD_BEFORE = """
CREATE OR REPLACE FUNCTION budgeting_board_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.root = OLD.root OR OLD.root = '')
            AND (OLD.root = '' OR NEW.head = OLD.head AND NEW.size = OLD.size)
            AND (OLD.kept IS NULL OR NEW.kept = OLD.kept)
            AND (OLD.counted IS NULL OR NEW.counted = OLD.counted)
            AND (NEW.size = OLD.size AND NEW.head = OLD.head OR pg_trigger_depth() > 1) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a board only grows, and is closed once'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'board_kept';
END $$;
"""
LAST = """
DROP FUNCTION budgeting_keep_last_ballots(bigint, text[]);
-- Leaves the last ballot of each voter who did not vote on paper, without its slot, in random
-- order. Told are how many were kept, how many paper replaced, and how many lay in slots of nobody.
CREATE FUNCTION budgeting_keep_last_ballots(cycle bigint, slots text[], on_paper text[])
    RETURNS integer[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept integer;
    by_paper integer;
    in_all integer;
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = cycle) IS DISTINCT FROM 'closed' THEN
        RAISE EXCEPTION 'earlier ballots go when voting has closed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'urn_in_time';
    END IF;
    CREATE TEMPORARY TABLE last_ballots ON COMMIT DROP AS
        SELECT DISTINCT ON (s.slot) s.slot, s.ciphertext FROM budgeting_sealedballot s
        WHERE s.cycle_id = cycle AND s.slot IS NOT NULL
        ORDER BY s.slot, s.version DESC;
    SELECT count(*), count(*) FILTER (WHERE l.slot = ANY (on_paper)) INTO in_all, by_paper
        FROM last_ballots l;
    EXECUTE format('TRUNCATE budgeting_sealedballot_%s', cycle);
    INSERT INTO budgeting_sealedballot (id, cycle_id, slot, version, ciphertext)
        SELECT gen_random_uuid(), cycle, NULL, 0, l.ciphertext FROM last_ballots l
        JOIN unnest(slots) AS known(slot) USING (slot) ORDER BY gen_random_uuid();
    GET DIAGNOSTICS kept = ROW_COUNT;
    DROP TABLE last_ballots;
    RETURN ARRAY[kept, by_paper, in_all - kept - by_paper];
END $$;
"""
LAST_BEFORE = """
DROP FUNCTION budgeting_keep_last_ballots(bigint, text[], text[]);
CREATE FUNCTION budgeting_keep_last_ballots(cycle bigint, slots text[]) RETURNS integer[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept integer;
    in_all integer;
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = cycle) IS DISTINCT FROM 'closed' THEN
        RAISE EXCEPTION 'earlier ballots go when voting has closed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'urn_in_time';
    END IF;
    CREATE TEMPORARY TABLE last_ballots ON COMMIT DROP AS
        SELECT DISTINCT ON (s.slot) s.slot, s.ciphertext FROM budgeting_sealedballot s
        WHERE s.cycle_id = cycle AND s.slot IS NOT NULL
        ORDER BY s.slot, s.version DESC;
    SELECT count(*) INTO in_all FROM last_ballots;
    EXECUTE format('TRUNCATE budgeting_sealedballot_%s', cycle);
    INSERT INTO budgeting_sealedballot (id, cycle_id, slot, version, ciphertext)
        SELECT gen_random_uuid(), cycle, NULL, 0, l.ciphertext FROM last_ballots l
        JOIN unnest(slots) AS known(slot) USING (slot) ORDER BY gen_random_uuid();
    GET DIAGNOSTICS kept = ROW_COUNT;
    DROP TABLE last_ballots;
    RETURN ARRAY[kept, in_all - kept];
END $$;
"""
# What was keyed goes with what was cast.
EMPTY = """
CREATE OR REPLACE FUNCTION budgeting_empty_urn(cycle bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = cycle)
            NOT IN ('unsealed', 'cancelled') THEN
        RAISE EXCEPTION 'an urn is emptied once its ballots are opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'urn_in_time';
    END IF;
    EXECUTE format('TRUNCATE budgeting_sealedballot_%s', cycle);
    IF to_regclass(format('budgeting_keying_%s', cycle)) IS NOT NULL THEN
        EXECUTE format('TRUNCATE budgeting_keying_%s', cycle);
    END IF;
END $$;

CREATE FUNCTION budgeting_make_keying_urn(cycle bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM budgeting_papervote p WHERE p.cycle_id = cycle) THEN
        RAISE EXCEPTION 'only a cycle with paper ballots has keyings'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'urn_in_time';
    END IF;
    EXECUTE format('CREATE TABLE IF NOT EXISTS budgeting_keying_%s
        (LIKE budgeting_keying INCLUDING ALL)', cycle);
    IF NOT EXISTS (SELECT FROM pg_inherits
            WHERE inhrelid = format('budgeting_keying_%s', cycle)::regclass) THEN
        EXECUTE format('ALTER TABLE budgeting_keying
            ATTACH PARTITION budgeting_keying_%1$s FOR VALUES IN (%1$s)', cycle);
    END IF;
END $$;
"""
EMPTY_BEFORE = """
DROP FUNCTION budgeting_make_keying_urn(bigint);
CREATE OR REPLACE FUNCTION budgeting_empty_urn(cycle bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = cycle)
            NOT IN ('unsealed', 'cancelled') THEN
        RAISE EXCEPTION 'an urn is emptied once its ballots are opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'urn_in_time';
    END IF;
    EXECUTE format('TRUNCATE budgeting_sealedballot_%s', cycle);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0018_paper_guards")]

    operations = [
        migrations.AddField(
            model_name="board",
            name="replaced_by_paper",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.RunSQL(BOARD, BOARD_BEFORE),
        migrations.RunSQL(LAST, LAST_BEFORE),
        migrations.RunSQL(EMPTY, EMPTY_BEFORE),
    ]
