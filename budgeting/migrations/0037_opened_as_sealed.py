from django.db import migrations, models

# A ballot in a voter's slot is written by whoever casts it, once. One without a slot is left by the
# close alone, which runs with the owner's rights: of the site's roles only the owner may TRUNCATE.
SEALED = """
CREATE OR REPLACE FUNCTION budgeting_sealed_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle_state text;
    sealed_length integer;
BEGIN
    SELECT c.state, b.padded_bytes + 48 INTO cycle_state, sealed_length
        FROM budgeting_cycle c JOIN budgeting_board b ON b.cycle_id = c.id
        WHERE c.id = NEW.cycle_id;
    IF cycle_state IS DISTINCT FROM (CASE WHEN NEW.slot IS NULL THEN 'closed' ELSE 'open' END) THEN
        RAISE EXCEPTION 'a sealed ballot goes into its urn while voting runs'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sealed_in_time';
    END IF;
    IF NEW.slot IS NULL AND NOT has_table_privilege(TG_RELID, 'TRUNCATE') THEN
        RAISE EXCEPTION 'only the close leaves a sealed ballot without its slot'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sealed_by_the_close';
    END IF;
    IF octet_length(NEW.ciphertext) <> sealed_length THEN
        RAISE EXCEPTION 'all sealed ballots of a cycle are equally long'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_length';
    END IF;
    RETURN NEW;
END $$;
-- A copy of a sealed ballot goes into nobody's slot. The close writes past this index.
CREATE UNIQUE INDEX sealed_ballot_once ON budgeting_sealedballot (cycle_id, sha256(ciphertext))
    WHERE slot IS NOT NULL;
"""
SEALED_BEFORE = """
DROP INDEX sealed_ballot_once;
CREATE OR REPLACE FUNCTION budgeting_sealed_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle_state text;
    sealed_length integer;
BEGIN
    SELECT c.state, b.padded_bytes + 48 INTO cycle_state, sealed_length
        FROM budgeting_cycle c JOIN budgeting_board b ON b.cycle_id = c.id
        WHERE c.id = NEW.cycle_id;
    IF cycle_state IS DISTINCT FROM (CASE WHEN NEW.slot IS NULL THEN 'closed' ELSE 'open' END) THEN
        RAISE EXCEPTION 'a sealed ballot goes into its urn while voting runs'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sealed_in_time';
    END IF;
    IF octet_length(NEW.ciphertext) <> sealed_length THEN
        RAISE EXCEPTION 'all sealed ballots of a cycle are equally long'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_length';
    END IF;
    RETURN NEW;
END $$;
"""

# The close happens once, and leaves one ballot of a slot however often the slot is named.
LAST = """
CREATE OR REPLACE FUNCTION budgeting_keep_last_ballots(
        cycle bigint, slots text[], on_paper text[])
    RETURNS integer[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept integer;
    by_paper integer;
    in_all integer;
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_cycle c JOIN budgeting_board b ON b.cycle_id = c.id
        WHERE c.id = cycle AND c.state = 'closed' AND b.root = ''
    ) THEN
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
        WHERE l.slot IN (SELECT unnest(slots)) ORDER BY gen_random_uuid();
    GET DIAGNOSTICS kept = ROW_COUNT;
    DROP TABLE last_ballots;
    RETURN ARRAY[kept, by_paper, in_all - kept - by_paper];
END $$;
"""
LAST_BEFORE = """
CREATE OR REPLACE FUNCTION budgeting_keep_last_ballots(
        cycle bigint, slots text[], on_paper text[])
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

# How many ballots were left is what lies in the urn when the root is set; how many were counted,
# and in how many rows, only the opening says.
BOARD = """
CREATE OR REPLACE FUNCTION budgeting_board_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fits boolean := TG_OP = 'UPDATE' AND (NEW.root = OLD.root OR OLD.root = '')
        AND (OLD.root = '' OR NEW.head = OLD.head AND NEW.size = OLD.size)
        AND (NEW.root <> OLD.root OR NEW.kept IS NOT DISTINCT FROM OLD.kept)
        AND (OLD.root = ''
            OR NEW.replaced_by_paper IS NOT DISTINCT FROM OLD.replaced_by_paper)
        AND (OLD.counted IS NULL OR NEW.counted = OLD.counted)
        AND (OLD.opened_rows IS NULL OR NEW.opened_rows = OLD.opened_rows)
        AND (NEW.size = OLD.size AND NEW.head = OLD.head OR pg_trigger_depth() > 1);
BEGIN
    IF fits AND NEW.root <> OLD.root THEN
        fits := NEW.kept = (SELECT count(*) FROM budgeting_sealedballot s
            WHERE s.cycle_id = NEW.cycle_id AND s.slot IS NULL);
    END IF;
    IF fits AND (NEW.counted IS DISTINCT FROM OLD.counted
            OR NEW.opened_rows IS DISTINCT FROM OLD.opened_rows) THEN
        fits := NEW.counted <= NEW.kept AND has_table_privilege(TG_RELID, 'TRUNCATE');
    END IF;
    IF fits THEN
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

# Opened ballots of a vote held here come out of one function, once, when nothing lies among them
# yet: no more than were left at the close and keyed from paper. The vote has to move on in the same
# transaction, to which two people have agreed, with just the rows that were written.
OPENING = """
CREATE FUNCTION budgeting_open_ballots(
    cycle bigint,
    OUT ballots integer, OUT on_sheets integer, OUT parts integer, OUT parts_kept integer
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    board budgeting_board;
    sheets integer;
    by_pot jsonb;
BEGIN
    PERFORM FROM budgeting_cycle c
        WHERE c.id = cycle AND c.origin = 'run' AND c.state = 'closed' FOR UPDATE;
    IF NOT FOUND OR EXISTS (
        SELECT FROM budgeting_openedballot o JOIN budgeting_pot p ON p.id = o.pot_id
        WHERE p.cycle_id = cycle
    ) THEN
        RAISE EXCEPTION 'ballots are opened once voting is closed, and once only'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ballots_opened_once';
    END IF;
    SELECT b.* INTO board FROM budgeting_board b WHERE b.cycle_id = cycle;
    sheets := coalesce((SELECT e.sheets FROM budgeting_keyingend e WHERE e.cycle_id = cycle), 0);
    IF (SELECT count(*) FROM budgeting_sealedballot s WHERE s.cycle_id = cycle)
                IS DISTINCT FROM board.kept
            OR (SELECT count(*) FILTER (WHERE NOT u.on_paper) > board.kept
                OR count(*) FILTER (WHERE u.on_paper) > sheets FROM pg_temp.budgeting_unsealed u)
    THEN
        RAISE EXCEPTION 'as many ballots are opened as were left at the close'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'opened_as_many_as_left';
    END IF;
    SELECT count(*) FILTER (WHERE NOT u.on_paper), count(*) FILTER (WHERE u.on_paper)
        INTO ballots, on_sheets
        FROM pg_temp.budgeting_unsealed u WHERE NOT EXISTS (
            SELECT FROM budgeting_chosen(u.choices) chosen
            LEFT JOIN budgeting_potrules rules
                ON rules.pot_id = chosen.pot_id AND rules.cycle_id = cycle
            WHERE rules.pot_id IS NULL OR budgeting_ballot_fault(rules.ballot_kind, rules.costs,
                rules.amount_minor, rules.min_options, rules.max_options, chosen.options,
                chosen.points, rules.min_points, rules.max_points, rules.max_sum_points)
                IS NOT NULL
        );
    -- One row for each pot. They come in an order that PostgreSQL's strong randomness makes.
    WITH rules AS MATERIALIZED (
        SELECT * FROM budgeting_potrules r WHERE r.cycle_id = cycle
    ),
    opened AS MATERIALIZED (
        SELECT chosen.*, CASE WHEN rules.pot_id IS NULL THEN 'unknown_pot'
            ELSE budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
                rules.min_options, rules.max_options, chosen.options, chosen.points,
                rules.min_points, rules.max_points, rules.max_sum_points)
            END AS fault
        FROM (SELECT choices FROM pg_temp.budgeting_unsealed) ballot
        CROSS JOIN LATERAL budgeting_chosen(ballot.choices) chosen
        LEFT JOIN rules ON rules.pot_id = chosen.pot_id
    ),
    written AS (
        INSERT INTO budgeting_openedballot (cycle_id, pot_id, options, points)
        SELECT cycle, o.pot_id, o.options, o.points FROM opened o
        WHERE o.fault IS NULL ORDER BY gen_random_uuid()
        RETURNING pot_id
    ),
    counted AS (SELECT w.pot_id, count(*) AS times FROM written w GROUP BY w.pot_id)
    SELECT (SELECT count(*) FROM opened), coalesce(sum(n.times), 0),
            coalesce(jsonb_object_agg(n.pot_id, n.times), '{}')
        INTO parts, parts_kept, by_pot FROM counted n;
    UPDATE budgeting_board b SET counted = ballots, opened_rows = by_pot WHERE b.cycle_id = cycle;
END $$;

CREATE FUNCTION budgeting_opened_moves_on() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (SELECT c.state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id)
            NOT IN ('unsealed', 'counted', 'certified', 'published') THEN
        RAISE EXCEPTION 'a vote whose ballots are opened moves on in the same transaction'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'opened_moves_on';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER opened_moves_on AFTER UPDATE ON budgeting_board
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.opened_rows IS NULL AND NEW.opened_rows IS NOT NULL)
    EXECUTE FUNCTION budgeting_opened_moves_on();

CREATE FUNCTION budgeting_unsealed_as_written() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (SELECT b.opened_rows FROM budgeting_board b WHERE b.cycle_id = NEW.id)
            IS DISTINCT FROM (
        SELECT coalesce(jsonb_object_agg(found.pot_id, found.times), '{}') FROM (
            SELECT o.pot_id, count(*) AS times FROM budgeting_openedballot o
            WHERE o.pot_id IN (SELECT p.id FROM budgeting_pot p WHERE p.cycle_id = NEW.id)
            GROUP BY o.pot_id
        ) found
    ) THEN
        RAISE EXCEPTION 'the ballots to be counted are those that were opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'unsealed_as_written';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after those of the moves, of the key and of paper, which are looked at first.
CREATE TRIGGER unsealed_as_written BEFORE UPDATE OF state ON budgeting_cycle FOR EACH ROW
    WHEN (NEW.origin = 'run' AND NEW.state = 'unsealed' AND OLD.state <> 'unsealed')
    EXECUTE FUNCTION budgeting_unsealed_as_written();
"""
OPENING_UNDONE = """
DROP TRIGGER unsealed_as_written ON budgeting_cycle;
DROP FUNCTION budgeting_unsealed_as_written();
DROP TRIGGER opened_moves_on ON budgeting_board;
DROP FUNCTION budgeting_opened_moves_on();
DROP FUNCTION budgeting_open_ballots(bigint);
"""

# Into the table that a count reads the application's role writes what it imports, and nothing else.
OPENED = """
CREATE OR REPLACE FUNCTION budgeting_opened_ballots_valid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_opening boolean := has_table_privilege(TG_RELID, 'TRUNCATE');
    fault text;
BEGIN
    WITH rules AS MATERIALIZED (
        SELECT * FROM budgeting_potrules WHERE pot_id IN (SELECT DISTINCT pot_id FROM added)
    )
    SELECT CASE
            WHEN rules.cycle_id <> added.cycle_id THEN 'another_cycle'
            WHEN (rules.origin, rules.state) NOT IN (('run', 'closed'), ('imported', 'draft'))
                THEN 'wrong_time'
            WHEN rules.origin = 'run' AND NOT is_opening THEN 'not_opened'
            ELSE budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
                rules.min_options, rules.max_options, added.options, added.points,
            rules.min_points, rules.max_points, rules.max_sum_points)
        END INTO fault
    FROM added JOIN rules ON rules.pot_id = added.pot_id
    WHERE rules.cycle_id <> added.cycle_id
        OR (rules.origin, rules.state) NOT IN (('run', 'closed'), ('imported', 'draft'))
        OR rules.origin = 'run' AND NOT is_opening
        OR budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
            rules.min_options, rules.max_options, added.options, added.points,
            rules.min_points, rules.max_points, rules.max_sum_points) IS NOT NULL
    LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'an opened ballot breaks the rules of its pot: %', fault
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'opened_ballot_valid';
    END IF;
    RETURN NULL;
END $$;
"""
OPENED_BEFORE = """
CREATE OR REPLACE FUNCTION budgeting_opened_ballots_valid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fault text;
BEGIN
    WITH rules AS MATERIALIZED (
        SELECT * FROM budgeting_potrules WHERE pot_id IN (SELECT DISTINCT pot_id FROM added)
    )
    SELECT CASE
            WHEN rules.cycle_id <> added.cycle_id THEN 'another_cycle'
            WHEN (rules.origin, rules.state) NOT IN (('run', 'closed'), ('imported', 'draft'))
                THEN 'wrong_time'
            ELSE budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
                rules.min_options, rules.max_options, added.options, added.points,
            rules.min_points, rules.max_points, rules.max_sum_points)
        END INTO fault
    FROM added JOIN rules ON rules.pot_id = added.pot_id
    WHERE rules.cycle_id <> added.cycle_id
        OR (rules.origin, rules.state) NOT IN (('run', 'closed'), ('imported', 'draft'))
        OR budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
            rules.min_options, rules.max_options, added.options, added.points,
            rules.min_points, rules.max_points, rules.max_sum_points) IS NOT NULL
    LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'an opened ballot breaks the rules of its pot: %', fault
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'opened_ballot_valid';
    END IF;
    RETURN NULL;
END $$;
"""

# A tally is of as many ballots as were opened, where that was written down.
TALLY = """
CREATE OR REPLACE FUNCTION budgeting_tally_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM budgeting_cycle WHERE id = NEW.cycle_id)
            NOT IN ('unsealed', 'counted', 'certified', 'published') THEN
        RAISE EXCEPTION 'a tally is written once the ballots are opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tally_in_time';
    END IF;
    IF EXISTS (
        SELECT FROM budgeting_board b WHERE b.cycle_id = NEW.cycle_id
            AND b.opened_rows IS NOT NULL
            AND coalesce((b.opened_rows ->> NEW.pot_id::text)::integer, 0) <> NEW.ballots
    ) THEN
        RAISE EXCEPTION 'a tally is of as many ballots as were opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tally_of_what_was_opened';
    END IF;
    RETURN NEW;
END $$;
"""
TALLY_BEFORE = """
CREATE OR REPLACE FUNCTION budgeting_tally_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM budgeting_cycle WHERE id = NEW.cycle_id)
            NOT IN ('unsealed', 'counted', 'certified', 'published') THEN
        RAISE EXCEPTION 'a tally is written once the ballots are opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tally_in_time';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0036_as_asked_and_explained")]

    operations = [
        migrations.AddField(
            model_name="board",
            name="opened_rows",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.RunSQL(SEALED, SEALED_BEFORE),
        migrations.RunSQL(LAST, LAST_BEFORE),
        migrations.RunSQL(BOARD, BOARD_BEFORE),
        migrations.RunSQL(OPENING, OPENING_UNDONE),
        migrations.RunSQL(OPENED, OPENED_BEFORE),
        migrations.RunSQL(TALLY, TALLY_BEFORE),
    ]
