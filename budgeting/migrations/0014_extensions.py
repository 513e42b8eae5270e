import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# An extension is what two people agreed to, and is written before voting ends: the cycle is held
# alone, so that every cast is either before it or waits for it, and the clock is read after that.
# The same statement moves the phase and takes the extension into the chain of the board.
EXTENDING = """
CREATE FUNCTION budgeting_extension_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state text;
    ends timestamptz;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR UPDATE;
    SELECT p.ends_at INTO ends FROM budgeting_phase p
        WHERE p.cycle_id = NEW.cycle_id AND p.kind = 'balloting';
    NEW.at := clock_timestamp();
    IF state IS DISTINCT FROM 'open' OR ends IS DISTINCT FROM NEW.from_at OR NEW.at >= ends THEN
        RAISE EXCEPTION 'voting is extended while it runs, from the instant at which it ends'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'extension_in_time';
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = NEW.approval_id AND r.act = 'cycle.extend'
            AND r.target_type = 'budgeting.cycle' AND r.target_id = NEW.cycle_id::text
            AND (r.parameters ->> 'from_at')::timestamptz = NEW.from_at
            AND (r.parameters ->> 'to_at')::timestamptz = NEW.to_at
            AND r.parameters ->> 'reason' = NEW.reason
    ) THEN
        RAISE EXCEPTION 'voting is extended as two people agreed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'extension_needs_two_people';
    END IF;
    SELECT b.size INTO NEW.board_size FROM budgeting_board b
        WHERE b.cycle_id = NEW.cycle_id FOR UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER extension_in_time BEFORE INSERT ON budgeting_extension
    FOR EACH ROW EXECUTE FUNCTION budgeting_extension_in_time();

CREATE FUNCTION budgeting_moment(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
$$;
CREATE FUNCTION budgeting_extend() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    words text := concat_ws(E'\\n', 'extension', budgeting_moment(NEW.from_at),
        budgeting_moment(NEW.to_at), budgeting_moment(NEW.at), NEW.reason);
BEGIN
    UPDATE budgeting_phase SET ends_at = NEW.to_at
        WHERE cycle_id = NEW.cycle_id AND kind = 'balloting';
    UPDATE budgeting_board
        SET head = encode(sha256(decode(head, 'hex') || sha256(convert_to(words, 'UTF8'))), 'hex')
        WHERE cycle_id = NEW.cycle_id;
    RETURN NULL;
END $$;
CREATE TRIGGER extend AFTER INSERT ON budgeting_extension
    FOR EACH ROW EXECUTE FUNCTION budgeting_extend();
"""
EXTENDING_UNDONE = """
DROP TRIGGER extend ON budgeting_extension;
DROP FUNCTION budgeting_extend();
DROP FUNCTION budgeting_moment(timestamptz);
DROP TRIGGER extension_in_time ON budgeting_extension;
DROP FUNCTION budgeting_extension_in_time();
"""

# The one change of an opened cycle's phases: an extension says it, from the end that is replaced.
PHASES = """
DROP TRIGGER phase_frozen_when_opened ON budgeting_phase;
CREATE FUNCTION budgeting_phase_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RAISE EXCEPTION 'a phase can no longer change: the cycle is %', state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER phase_frozen_when_opened BEFORE INSERT OR UPDATE OR DELETE ON budgeting_phase
    FOR EACH ROW EXECUTE FUNCTION budgeting_phase_frozen();
"""
PHASES_UNDONE = """
DROP TRIGGER phase_frozen_when_opened ON budgeting_phase;
DROP FUNCTION budgeting_phase_frozen();
CREATE TRIGGER phase_frozen_when_opened BEFORE INSERT OR UPDATE OR DELETE ON budgeting_phase
    FOR EACH ROW EXECUTE FUNCTION budgeting_during_preparation('draft');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_guards"),
        ("budgeting", "0013_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Extension",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_at", models.DateTimeField(verbose_name="was to end")),
                ("to_at", models.DateTimeField(verbose_name="ends")),
                ("reason", models.CharField(max_length=500, verbose_name="why")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                ("board_size", models.PositiveIntegerField(default=0)),
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
                        related_name="extensions",
                        to="budgeting.cycle",
                    ),
                ),
            ],
            options={
                "verbose_name": "extension of voting",
                "verbose_name_plural": "extensions of voting",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cycle", "from_at"), name="extension_once_from"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to_at__gt", models.F("from_at"))),
                        name="extension_only_forward",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="extension_says_why"
                    ),
                ],
            },
        ),
        append_only("budgeting_extension"),
        migrations.RunSQL(EXTENDING, EXTENDING_UNDONE),
        migrations.RunSQL(PHASES, PHASES_UNDONE),
    ]
