import django.db.models.deletion
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# Pots and options as canonical JSON: what both verifiers make of a bundle, to the letter.
ON_BALLOTS = """
CREATE FUNCTION budgeting_on_ballots(cycle bigint) RETURNS text LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT concat('[', string_agg(concat('[', p.id, ',', to_json(p.name), ',', p.amount_minor,
        ',[', listed.options, ']]'), ',' ORDER BY p.id), ']')
    FROM budgeting_pot p LEFT JOIN LATERAL (
        SELECT string_agg(concat('[', to_json(o.code), ',', o.cost_minor, ',', to_json(o.name), ',',
            coalesce(to_json(nullif(o.exclusion_group, ''))::text, 'null'), ']'),
            ',' ORDER BY o.position) AS options
        FROM budgeting_option o WHERE o.pot_id = p.id
    ) listed ON true
    WHERE p.cycle_id = cycle
$$;
"""

# They come into the chain before any ballot, once nothing of them can change. Extensions and the
# close hold the cycle alone, so it is known how many extensions came before.
COMMITTED = """
CREATE FUNCTION budgeting_options_committed() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
DECLARE
    state text;
    lines integer;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR SHARE;
    SELECT b.size INTO lines FROM budgeting_board b
        WHERE b.cycle_id = NEW.cycle_id AND b.root = '' FOR UPDATE;
    IF lines IS DISTINCT FROM 0 OR state NOT IN ('open', 'closed') OR state = 'open' AND clock_timestamp() < (
        SELECT p.starts_at FROM budgeting_phase p
            WHERE p.cycle_id = NEW.cycle_id AND p.kind = 'balloting'
    ) THEN
        RAISE EXCEPTION 'what stands on the ballots is committed to once voting begins, before any'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'options_committed_in_time';
    END IF;
    NEW.sha256 := encode(sha256(convert_to(budgeting_on_ballots(NEW.cycle_id), 'UTF8')), 'hex');
    SELECT count(*) INTO NEW.extensions FROM budgeting_extension e
        WHERE e.cycle_id = NEW.cycle_id;
    RETURN NEW;
END $$;
CREATE TRIGGER options_committed BEFORE INSERT ON budgeting_optionscommitment
    FOR EACH ROW EXECUTE FUNCTION budgeting_options_committed();

CREATE FUNCTION budgeting_options_chained() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE budgeting_board SET head = encode(sha256(decode(head, 'hex')
            || sha256(convert_to(concat_ws(E'\\n', 'options', NEW.sha256), 'UTF8'))), 'hex')
        WHERE cycle_id = NEW.cycle_id;
    RETURN NULL;
END $$;
CREATE TRIGGER options_chained AFTER INSERT ON budgeting_optionscommitment
    FOR EACH ROW EXECUTE FUNCTION budgeting_options_chained();
"""
COMMITTED_UNDONE = """
DROP TRIGGER options_chained ON budgeting_optionscommitment;
DROP FUNCTION budgeting_options_chained();
DROP TRIGGER options_committed ON budgeting_optionscommitment;
DROP FUNCTION budgeting_options_committed();
"""

# Whoever adds the first line commits to them first; of two at once the other one waits for that.
LINES = """
CREATE OR REPLACE FUNCTION budgeting_add_board_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_optionscommitment o WHERE o.cycle_id = NEW.cycle_id
    ) THEN
        PERFORM FROM budgeting_board b
            WHERE b.cycle_id = NEW.cycle_id AND b.size = 0 AND b.root = '' FOR UPDATE;
        IF FOUND THEN
            INSERT INTO budgeting_optionscommitment (cycle_id, sha256, extensions)
                VALUES (NEW.cycle_id, '', 0) ON CONFLICT DO NOTHING;
        END IF;
    END IF;
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
"""
LINES_BEFORE = """
CREATE OR REPLACE FUNCTION budgeting_add_board_line() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0034_roll_as_asked")]

    operations = [
        migrations.CreateModel(
            name="OptionsCommitment",
            fields=[
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="options_commitment",
                        serialize=False,
                        to="budgeting.cycle",
                    ),
                ),
                ("sha256", models.CharField(default="", max_length=64)),
                ("extensions", models.PositiveIntegerField(default=0)),
            ],
            options={
                "abstract": False,
            },
        ),
        append_only("budgeting_optionscommitment"),
        migrations.RunSQL(ON_BALLOTS, "DROP FUNCTION budgeting_on_ballots(bigint);"),
        migrations.RunSQL(COMMITTED, COMMITTED_UNDONE),
        migrations.RunSQL(LINES, LINES_BEFORE),
    ]
