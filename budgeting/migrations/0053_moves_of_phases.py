import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# A move is what two people agreed to, and is written before the phase is over, its start before it
# begins: the cycle is held alone, so that whatever depends on the phase is either before the move or
# waits for it, and the clock is read after that. Phases before voting stay before it. The same
# statement moves the phase and takes the move into the chain of the board.
MOVING = """
CREATE FUNCTION budgeting_move_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    state text;
    phase budgeting_phase%ROWTYPE;
    voting timestamptz;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR UPDATE;
    SELECT * INTO phase FROM budgeting_phase p
        WHERE p.id = NEW.phase_id AND p.cycle_id = NEW.cycle_id;
    SELECT p.starts_at INTO voting FROM budgeting_phase p
        WHERE p.cycle_id = NEW.cycle_id AND p.kind = 'balloting';
    NEW.at := clock_timestamp();
    NEW.kind := phase.kind;
    IF state IS DISTINCT FROM 'open' OR phase.id IS NULL OR NEW.at >= phase.ends_at
            OR (phase.starts_at, phase.ends_at) <> (NEW.from_starts_at, NEW.from_ends_at)
            OR NEW.to_starts_at <> NEW.from_starts_at AND NEW.at >= phase.starts_at THEN
        RAISE EXCEPTION 'a phase is moved before it is over, its start before it begins'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'move_in_time';
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = NEW.approval_id AND r.act = 'cycle.move_phase'
            AND r.target_type = 'budgeting.cycle' AND r.target_id = NEW.cycle_id::text
            AND r.parameters ->> 'phase' = NEW.phase_id::text
            AND (r.parameters ->> 'from_starts_at')::timestamptz = NEW.from_starts_at
            AND (r.parameters ->> 'from_ends_at')::timestamptz = NEW.from_ends_at
            AND (r.parameters ->> 'to_starts_at')::timestamptz = NEW.to_starts_at
            AND (r.parameters ->> 'to_ends_at')::timestamptz = NEW.to_ends_at
            AND r.parameters ->> 'reason' = NEW.reason
    ) THEN
        RAISE EXCEPTION 'a phase is moved as two people agreed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'move_needs_two_people';
    END IF;
    IF NEW.to_ends_at - NEW.to_starts_at < NEW.from_ends_at - NEW.from_starts_at THEN
        RAISE EXCEPTION 'a phase that is moved does not become shorter'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'move_not_shorter';
    END IF;
    IF phase.kind = 'balloting' AND NEW.to_starts_at = NEW.from_starts_at THEN
        RAISE EXCEPTION 'voting is moved before it begins, to begin later; else it is extended'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'move_of_voting';
    END IF;
    IF phase.ends_at <= voting AND NEW.to_ends_at > voting
            OR phase.kind = 'supporting' AND phase.ends_at < voting AND NEW.to_ends_at >= voting THEN
        RAISE EXCEPTION 'what is over when voting begins stays so'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'move_before_voting';
    END IF;
    SELECT b.size INTO NEW.board_size FROM budgeting_board b
        WHERE b.cycle_id = NEW.cycle_id FOR UPDATE;
    SELECT count(*) INTO NEW.extensions FROM budgeting_extension e
        WHERE e.cycle_id = NEW.cycle_id;
    RETURN NEW;
END $$;
CREATE TRIGGER move_in_time BEFORE INSERT ON budgeting_phasemove
    FOR EACH ROW EXECUTE FUNCTION budgeting_move_in_time();

CREATE FUNCTION budgeting_move() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    words text := concat_ws(E'\\n', 'move', NEW.kind, budgeting_moment(NEW.from_starts_at),
        budgeting_moment(NEW.from_ends_at), budgeting_moment(NEW.to_starts_at),
        budgeting_moment(NEW.to_ends_at), budgeting_moment(NEW.at), NEW.reason);
BEGIN
    UPDATE budgeting_phase SET starts_at = NEW.to_starts_at, ends_at = NEW.to_ends_at
        WHERE id = NEW.phase_id;
    UPDATE budgeting_board
        SET head = encode(sha256(decode(head, 'hex') || sha256(convert_to(words, 'UTF8'))), 'hex')
        WHERE cycle_id = NEW.cycle_id;
    RETURN NULL;
END $$;
CREATE TRIGGER move AFTER INSERT ON budgeting_phasemove
    FOR EACH ROW EXECUTE FUNCTION budgeting_move();
"""
MOVING_UNDONE = """
DROP TRIGGER move ON budgeting_phasemove;
DROP FUNCTION budgeting_move();
DROP TRIGGER move_in_time ON budgeting_phasemove;
DROP FUNCTION budgeting_move_in_time();
"""

# As in 0014, and what a move says.
PHASES = """
CREATE OR REPLACE FUNCTION budgeting_phase_frozen() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    cycle bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.cycle_id ELSE NEW.cycle_id END;
    state text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.cycle_id <> OLD.cycle_id THEN
        RAISE EXCEPTION 'a phase cannot go to another cycle'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
    END IF;
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = cycle FOR SHARE;
    IF state = 'draft' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.kind = 'balloting'
            AND (NEW.id, NEW.kind, NEW.starts_at) = (OLD.id, OLD.kind, OLD.starts_at)
            AND EXISTS (SELECT FROM budgeting_extension e WHERE e.cycle_id = cycle
                AND e.from_at = OLD.ends_at AND e.to_at = NEW.ends_at) THEN
        RETURN NEW;
    END IF;
    -- or as it was moved
    RAISE EXCEPTION 'a phase can no longer change: the cycle is %', state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;
"""
MOVED = """IF TG_OP = 'UPDATE' AND (NEW.id, NEW.kind) = (OLD.id, OLD.kind)
            AND EXISTS (SELECT FROM budgeting_phasemove m WHERE m.phase_id = OLD.id
                AND (m.from_starts_at, m.from_ends_at) = (OLD.starts_at, OLD.ends_at)
                AND (m.to_starts_at, m.to_ends_at) = (NEW.starts_at, NEW.ends_at)) THEN
        RETURN NEW;
    END IF;"""

# As in 0035; moves hold the cycle alone as well, so it is known how many came before.
COMMITTED = """
CREATE OR REPLACE FUNCTION budgeting_options_committed() RETURNS trigger LANGUAGE plpgsql
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
    -- and moves
    RETURN NEW;
END $$;
"""
AND_MOVES = """SELECT count(*) INTO NEW.moves FROM budgeting_phasemove m
        WHERE m.cycle_id = NEW.cycle_id;"""


def lose_none(apps, schema_editor):
    """The chain of the board holds them: without them nobody could verify the vote."""
    alias = schema_editor.connection.alias
    if number := apps.get_model("budgeting", "PhaseMove").objects.using(alias).count():
        raise RuntimeError(
            f"Phases were moved ({number}), each on a public board. The version before has no place"
            " for that: there is no way back."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_guards"),
        ("budgeting", "0052_pots_of_their_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="optionscommitment",
            name="moves",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="PhaseMove",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("informing", "Informing"),
                            ("proposing", "Proposing"),
                            ("reviewing", "Reviewing"),
                            ("supporting", "Supporting"),
                            ("balloting", "Voting"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("from_starts_at", models.DateTimeField(verbose_name="was to start")),
                ("from_ends_at", models.DateTimeField(verbose_name="was to end")),
                ("to_starts_at", models.DateTimeField(verbose_name="starts")),
                ("to_ends_at", models.DateTimeField(verbose_name="ends")),
                ("reason", models.CharField(max_length=500, verbose_name="why")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                ("board_size", models.PositiveIntegerField(default=0)),
                ("extensions", models.PositiveIntegerField(default=0)),
                (
                    "approval",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="audit.approval",
                    ),
                ),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves_of_phases",
                        to="budgeting.cycle",
                    ),
                ),
                (
                    "phase",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="budgeting.phase",
                    ),
                ),
            ],
            options={
                "verbose_name": "move of a phase",
                "verbose_name_plural": "moves of phases",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("phase", "from_starts_at", "from_ends_at"), name="move_once_from"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("to_ends_at__gt", models.F("from_ends_at")),
                            ("to_starts_at__gte", models.F("from_starts_at")),
                        ),
                        name="move_only_later",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="move_says_why"
                    ),
                ],
            },
        ),
        append_only("budgeting_phasemove"),
        migrations.RunSQL(MOVING, MOVING_UNDONE),
        migrations.RunSQL(
            PHASES.replace("-- or as it was moved", MOVED),
            PHASES.replace("    -- or as it was moved\n", ""),
        ),
        migrations.RunSQL(
            COMMITTED.replace("-- and moves", AND_MOVES),
            COMMITTED.replace("    -- and moves\n", ""),
        ),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
