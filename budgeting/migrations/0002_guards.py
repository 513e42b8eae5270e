from django.db import migrations

from civicfund.audit.constraints import append_only, frozen_columns

FACTS = (
    "budgeting_participation",
    "budgeting_ballot",
    "budgeting_openedballot",
    "budgeting_tally",
)
RULES_OF_A_CYCLE = [
    "slug",
    "origin",
    "ballot_kind",
    "rule",
    "rule_parameters",
    "ties",
    "tie_seed",
    "tie_commitment",
    "currency",
]

# Moves between states, told from and to, beside the two-person acts that some of them need.
CYCLE_MOVES = """
CREATE FUNCTION budgeting_cycle_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    needed text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'a cycle starts as a draft'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_moves';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NOT ((OLD.state, NEW.state) IN (('draft', 'cancelled'), ('unsealed', 'counted'),
                ('counted', 'certified'), ('certified', 'published'))
            OR NEW.origin = 'imported' AND (OLD.state, NEW.state) = ('draft', 'unsealed')
            OR NEW.origin = 'run' AND (OLD.state, NEW.state) IN (('draft', 'open'),
                ('open', 'closed'), ('open', 'cancelled'), ('closed', 'unsealed'),
                ('closed', 'cancelled'))) THEN
        RAISE EXCEPTION 'no move leads a cycle from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_moves';
    END IF;
    needed := CASE NEW.state WHEN 'open' THEN 'cycle.open' WHEN 'cancelled' THEN 'cycle.cancel'
        WHEN 'published' THEN 'cycle.publish' END;
    IF needed IS NOT NULL AND NOT EXISTS (
        SELECT FROM audit_approval approval JOIN audit_actrequest request
            ON request.id = approval.request_id
        WHERE request.act = needed AND request.target_type = 'budgeting.cycle'
            AND request.target_id = NEW.id::text
    ) THEN
        RAISE EXCEPTION '% needs two people', needed
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_needs_two_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER budgeting_cycle_moves BEFORE INSERT OR UPDATE OF state ON budgeting_cycle
    FOR EACH ROW EXECUTE FUNCTION budgeting_cycle_moves();
CREATE FUNCTION budgeting_cycle_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a cycle that was opened or cancelled is kept'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_kept';
END $$;
CREATE TRIGGER budgeting_cycle_kept BEFORE DELETE ON budgeting_cycle
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION budgeting_cycle_kept();
"""
CYCLE_MOVES_UNDONE = """
DROP TRIGGER budgeting_cycle_kept ON budgeting_cycle;
DROP FUNCTION budgeting_cycle_kept();
DROP TRIGGER budgeting_cycle_moves ON budgeting_cycle;
DROP FUNCTION budgeting_cycle_moves();
"""

# Rows that belong to a cycle and may change only while it is a draft, or (told by the trigger's
# argument) also while it is open and voting has not begun. The lock makes opening, closing and
# casting wait for whoever is changing them.
DURING_PREPARATION = """
CREATE FUNCTION budgeting_during_preparation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.cycle_id ELSE NEW.cycle_id END;
    state text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.cycle_id <> OLD.cycle_id THEN
        RAISE EXCEPTION '% cannot go to another cycle', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
    END IF;
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = cycle FOR SHARE;
    IF state = 'draft' OR TG_ARGV[0] = 'until voting' AND state = 'open' AND clock_timestamp() < (
        SELECT p.starts_at FROM budgeting_phase p WHERE p.cycle_id = cycle AND p.kind = 'balloting'
    ) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% can no longer change: the cycle is %', TG_TABLE_NAME, state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER phase_frozen_when_opened BEFORE INSERT OR UPDATE OR DELETE ON budgeting_phase
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('draft');
CREATE TRIGGER pot_frozen_when_opened BEFORE INSERT OR UPDATE OR DELETE ON budgeting_pot
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('draft');
CREATE TRIGGER option_frozen_when_voting BEFORE INSERT OR UPDATE OR DELETE ON budgeting_option
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('until voting');
CREATE TRIGGER roll_frozen_when_voting BEFORE INSERT OR DELETE
        OR UPDATE OF cycle_id, person_key, place_id ON budgeting_rollentry
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('until voting');
"""
DURING_PREPARATION_UNDONE = """
DROP TRIGGER roll_frozen_when_voting ON budgeting_rollentry;
DROP TRIGGER option_frozen_when_voting ON budgeting_option;
DROP TRIGGER pot_frozen_when_opened ON budgeting_pot;
DROP TRIGGER phase_frozen_when_opened ON budgeting_phase;
DROP FUNCTION budgeting_during_preparation();
"""

# One cycle throughout: an option's pot, a participation's roll entry, a ballot's pot.
SAME_CYCLE = """
ALTER TABLE budgeting_option ADD CONSTRAINT option_pot_of_its_cycle
    FOREIGN KEY (pot_id, cycle_id) REFERENCES budgeting_pot (id, cycle_id);
ALTER TABLE budgeting_proposal ADD CONSTRAINT proposal_pot_of_its_cycle
    FOREIGN KEY (pot_id, cycle_id) REFERENCES budgeting_pot (id, cycle_id);
ALTER TABLE budgeting_participation ADD CONSTRAINT participation_entry_of_its_cycle
    FOREIGN KEY (roll_entry_id, cycle_id) REFERENCES budgeting_rollentry (id, cycle_id);
ALTER TABLE budgeting_tally ADD CONSTRAINT tally_pot_of_its_cycle
    FOREIGN KEY (pot_id, cycle_id) REFERENCES budgeting_pot (id, cycle_id);
ALTER TABLE budgeting_cycle ADD CONSTRAINT cycle_tie_seed_was_committed
    CHECK (tie_seed = '' OR tie_commitment = encode(sha256(decode(tie_seed, 'hex')), 'hex'));
"""
SAME_CYCLE_UNDONE = """
ALTER TABLE budgeting_cycle DROP CONSTRAINT cycle_tie_seed_was_committed;
ALTER TABLE budgeting_tally DROP CONSTRAINT tally_pot_of_its_cycle;
ALTER TABLE budgeting_participation DROP CONSTRAINT participation_entry_of_its_cycle;
ALTER TABLE budgeting_proposal DROP CONSTRAINT proposal_pot_of_its_cycle;
ALTER TABLE budgeting_option DROP CONSTRAINT option_pot_of_its_cycle;
"""

# A ballot's choices as rows. Then: voting happens while the cycle is open and within its voting
# phase, by the database's clock, and what is kept can be opened.
IN_TIME = """
CREATE FUNCTION budgeting_chosen(choices jsonb)
    RETURNS TABLE (pot_id bigint, options smallint[], points integer[])
    LANGUAGE sql IMMUTABLE AS $$
    SELECT pot.key::bigint,
        ARRAY(SELECT value::smallint FROM jsonb_array_elements_text(pot.value -> 'options')
            WITH ORDINALITY AS named(value, place) ORDER BY place),
        CASE WHEN jsonb_typeof(pot.value -> 'points') = 'array' THEN
            ARRAY(SELECT value::integer FROM jsonb_array_elements_text(pot.value -> 'points')
                WITH ORDINALITY AS given(value, place) ORDER BY place)
        END
    FROM jsonb_each(choices) AS pot
$$;
CREATE FUNCTION budgeting_ballot_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
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
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ballot_in_time';
    END IF;
    PERFORM pot_id, options, points FROM budgeting_chosen(NEW.choices);
    RETURN NEW;
END $$;
CREATE TRIGGER ballot_in_time BEFORE INSERT ON budgeting_ballot
    FOR EACH ROW EXECUTE FUNCTION budgeting_ballot_in_time();
"""
IN_TIME_UNDONE = """
DROP TRIGGER ballot_in_time ON budgeting_ballot;
DROP FUNCTION budgeting_ballot_in_time();
DROP FUNCTION budgeting_chosen(jsonb);
"""

# What is wrong with a ballot for a pot whose options cost ``costs`` by position; NULL: nothing.
BALLOT_FAULT = """
CREATE FUNCTION budgeting_ballot_fault(
    kind text, costs bigint[], amount bigint, at_least integer, at_most integer,
    options smallint[], points integer[]
) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    named integer := cardinality(options);
    spent numeric := 0;
    previous integer := -1;
    chosen integer;
BEGIN
    IF named < at_least THEN RETURN 'too_few'; END IF;
    IF named > at_most OR kind = 'choose_one' AND named > 1 THEN RETURN 'too_many'; END IF;
    IF (kind IN ('cumulative', 'scoring')) <> (points IS NOT NULL)
            OR cardinality(points) <> named OR array_position(points, NULL) IS NOT NULL THEN
        RETURN 'points';
    END IF;
    FOREACH chosen IN ARRAY options LOOP
        IF chosen IS NULL OR chosen < 0 OR chosen >= cardinality(costs) THEN
            RETURN 'unknown_option';
        END IF;
        IF kind <> 'ranking' THEN
            IF chosen <= previous THEN RETURN 'repeated_or_unsorted'; END IF;
            previous := chosen;
        END IF;
        spent := spent + costs[chosen + 1];
    END LOOP;
    IF kind = 'ranking' AND named <> (SELECT count(DISTINCT o) FROM unnest(options) o) THEN
        RETURN 'repeated_or_unsorted';
    END IF;
    IF kind = 'knapsack' AND spent > amount THEN RETURN 'over_budget'; END IF;
    RETURN NULL;
END $$;
CREATE VIEW budgeting_potrules AS
    SELECT pot.id AS pot_id, pot.cycle_id, cycle.state, cycle.origin, cycle.ballot_kind,
        pot.amount_minor, pot.min_options, pot.max_options,
        ARRAY(SELECT option.cost_minor FROM budgeting_option option
            WHERE option.pot_id = pot.id ORDER BY option.position) AS costs
    FROM budgeting_pot pot JOIN budgeting_cycle cycle ON cycle.id = pot.cycle_id;
CREATE FUNCTION budgeting_opened_ballots_valid() RETURNS trigger LANGUAGE plpgsql AS $$
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
                rules.min_options, rules.max_options, added.options, added.points)
        END INTO fault
    FROM added JOIN rules ON rules.pot_id = added.pot_id
    WHERE rules.cycle_id <> added.cycle_id
        OR (rules.origin, rules.state) NOT IN (('run', 'closed'), ('imported', 'draft'))
        OR budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
            rules.min_options, rules.max_options, added.options, added.points) IS NOT NULL
    LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'an opened ballot breaks the rules of its pot: %', fault
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'opened_ballot_valid';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER opened_ballot_valid AFTER INSERT ON budgeting_openedballot
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION budgeting_opened_ballots_valid();
"""
BALLOT_FAULT_UNDONE = """
DROP TRIGGER opened_ballot_valid ON budgeting_openedballot;
DROP FUNCTION budgeting_opened_ballots_valid();
DROP VIEW budgeting_potrules;
DROP FUNCTION budgeting_ballot_fault(text, bigint[], bigint, integer, integer, smallint[], integer[]);
"""

# A count is of ballots that are all there: none is written before they are opened.
TALLY_IN_TIME = """
CREATE FUNCTION budgeting_tally_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM budgeting_cycle WHERE id = NEW.cycle_id)
            NOT IN ('unsealed', 'counted', 'certified', 'published') THEN
        RAISE EXCEPTION 'a tally is written once the ballots are opened'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tally_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tally_in_time BEFORE INSERT ON budgeting_tally
    FOR EACH ROW EXECUTE FUNCTION budgeting_tally_in_time();
"""
TALLY_IN_TIME_UNDONE = """
DROP TRIGGER tally_in_time ON budgeting_tally;
DROP FUNCTION budgeting_tally_in_time();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0001_first_tables"), ("audit", "0003_guards")]

    operations = [
        *(append_only(table) for table in FACTS),
        frozen_columns("budgeting_cycle", RULES_OF_A_CYCLE, once="OLD.state <> 'draft'"),
        migrations.RunSQL(CYCLE_MOVES, CYCLE_MOVES_UNDONE),
        migrations.RunSQL(DURING_PREPARATION, DURING_PREPARATION_UNDONE),
        migrations.RunSQL(SAME_CYCLE, SAME_CYCLE_UNDONE),
        migrations.RunSQL(IN_TIME, IN_TIME_UNDONE),
        migrations.RunSQL(BALLOT_FAULT, BALLOT_FAULT_UNDONE),
        migrations.RunSQL(TALLY_IN_TIME, TALLY_IN_TIME_UNDONE),
    ]
