from django.db import migrations

from civicfund.audit.constraints import append_only, frozen_columns

# A ballot is cast while voting runs, by the database's clock: the fact, and the sealed ballot.
IN_TIME = """
CREATE FUNCTION budgeting_casting_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_participation participation
            JOIN budgeting_cycle cycle ON cycle.id = participation.cycle_id
            JOIN budgeting_phase phase ON phase.cycle_id = cycle.id AND phase.kind = 'balloting'
        WHERE participation.id = NEW.participation_id AND cycle.state = 'open'
            AND phase.starts_at <= NEW.cast_at AND NEW.cast_at < phase.ends_at
            AND NEW.cast_at <= clock_timestamp()
    ) THEN
        RAISE EXCEPTION 'a ballot is cast while its cycle is open and voting runs'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'casting_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER casting_in_time BEFORE INSERT ON budgeting_casting
    FOR EACH ROW EXECUTE FUNCTION budgeting_casting_in_time();

CREATE FUNCTION budgeting_sealed_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER sealed_in_time BEFORE INSERT ON budgeting_sealedballot
    FOR EACH ROW EXECUTE FUNCTION budgeting_sealed_in_time();
"""
AT_ANY_TIME = """
DROP TRIGGER sealed_in_time ON budgeting_sealedballot;
DROP FUNCTION budgeting_sealed_in_time();
DROP TRIGGER casting_in_time ON budgeting_casting;
DROP FUNCTION budgeting_casting_in_time();
"""

# The chain: the database numbers a line, computes the head and moves the board, all under the lock
# of the board's row, which a cast takes last.
CHAIN = """
CREATE FUNCTION budgeting_add_board_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budgeting_board SET size = size + 1,
            head = encode(sha256(decode(head || NEW.ballot_hash || NEW.receipt_hash, 'hex')), 'hex')
        WHERE cycle_id = NEW.cycle_id AND root = ''
        RETURNING size - 1, head INTO NEW.position, NEW.head;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this board takes no line' USING ERRCODE = 'restrict_violation',
            CONSTRAINT = 'board_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER add_board_line BEFORE INSERT ON budgeting_boardline
    FOR EACH ROW EXECUTE FUNCTION budgeting_add_board_line();

CREATE FUNCTION budgeting_board_kept() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER board_kept BEFORE UPDATE OR DELETE ON budgeting_board
    FOR EACH ROW EXECUTE FUNCTION budgeting_board_kept();
"""
NO_CHAIN = """
DROP TRIGGER board_kept ON budgeting_board;
DROP FUNCTION budgeting_board_kept();
DROP TRIGGER add_board_line ON budgeting_boardline;
DROP FUNCTION budgeting_add_board_line();
"""

# Urns. They run with the owner's rights: the application's role makes no tables and truncates none.
URNS = """
CREATE FUNCTION budgeting_make_urn(cycle bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF (SELECT state FROM budgeting_cycle WHERE id = cycle) IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION 'an urn is made when its cycle opens'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'urn_in_time';
    END IF;
    EXECUTE format('CREATE TABLE IF NOT EXISTS budgeting_sealedballot_%s
        (LIKE budgeting_sealedballot INCLUDING ALL)', cycle);
    IF NOT EXISTS (SELECT FROM pg_inherits
            WHERE inhrelid = format('budgeting_sealedballot_%s', cycle)::regclass) THEN
        EXECUTE format('ALTER TABLE budgeting_sealedballot
            ATTACH PARTITION budgeting_sealedballot_%1$s FOR VALUES IN (%1$s)', cycle);
    END IF;
END $$;

-- Leaves each voter's last ballot, without its slot, in random order. Ballots in slots of nobody
-- who took part are left out: how many were kept, and how many left out.
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

CREATE FUNCTION budgeting_empty_urn(cycle bigint) RETURNS void
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
NO_URNS = """
DROP FUNCTION budgeting_empty_urn(bigint);
DROP FUNCTION budgeting_keep_last_ballots(bigint, text[]);
DROP FUNCTION budgeting_make_urn(bigint);
"""

# A cycle held here opens with a key that all pairs of trustees have rehearsed, and its ballots are
# opened when two people have asked for it.
KEYS = """
CREATE FUNCTION budgeting_cycle_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'open' AND NOT EXISTS (
        SELECT FROM budgeting_trusteekey key JOIN budgeting_board board
            ON board.cycle_id = key.cycle_id AND board.public_key = key.public_key
        WHERE key.cycle_id = NEW.id AND (SELECT count(*) FROM budgeting_rehearsal r
            WHERE r.key_id = key.id AND r.passed_at IS NOT NULL) = 3
    ) THEN
        RAISE EXCEPTION 'a cycle opens with a key that three pairs of trustees have rehearsed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_key_rehearsed';
    END IF;
    IF NEW.state = 'unsealed' AND NEW.origin = 'run' AND NOT EXISTS (
        SELECT FROM audit_approval approval JOIN audit_actrequest request
            ON request.id = approval.request_id
        WHERE request.act = 'cycle.unseal' AND request.target_type = 'budgeting.cycle'
            AND request.target_id = NEW.id::text
    ) THEN
        RAISE EXCEPTION 'cycle.unseal needs two people'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_needs_two_people';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after that of the moves, which are looked at first.
CREATE TRIGGER budgeting_cycle_sealed BEFORE UPDATE OF state ON budgeting_cycle
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION budgeting_cycle_keys();

CREATE FUNCTION budgeting_key_while_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM budgeting_cycle WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.cycle_id
            ELSE NEW.cycle_id END FOR SHARE) IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION 'the trustees'' key is fixed when the cycle opens'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'key_while_draft';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER key_while_draft BEFORE INSERT OR UPDATE OR DELETE ON budgeting_trusteekey
    FOR EACH ROW EXECUTE FUNCTION budgeting_key_while_draft();
"""
NO_KEYS = """
DROP TRIGGER key_while_draft ON budgeting_trusteekey;
DROP FUNCTION budgeting_key_while_draft();
DROP TRIGGER budgeting_cycle_sealed ON budgeting_cycle;
DROP FUNCTION budgeting_cycle_keys();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0008_sealing")]

    operations = [
        append_only("budgeting_boardline"),
        append_only("budgeting_casting"),
        append_only("budgeting_sealedballot"),
        frozen_columns(
            "budgeting_board",
            ["cycle_id", "public_key", "padded_bytes", "slot_key_hash", "first"],
            once="TRUE",
        ),
        migrations.RunSQL(IN_TIME, AT_ANY_TIME),
        migrations.RunSQL(CHAIN, NO_CHAIN),
        migrations.RunSQL(URNS, NO_URNS),
        migrations.RunSQL(KEYS, NO_KEYS),
    ]
