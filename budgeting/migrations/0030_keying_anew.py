import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# Keying is begun anew as two people agreed, before it has ended, each time once. Whoever ends it,
# keys or opens the ballots holds the cycle, so they come before or after. That the key is gone is
# nothing that a database can see: the service looks.
IN_TIME = """
CREATE FUNCTION budgeting_keying_anew_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    SELECT c.state INTO state FROM budgeting_cycle c WHERE c.id = NEW.cycle_id FOR UPDATE;
    NEW.at := clock_timestamp();
    IF state IS NULL OR state NOT IN ('draft', 'open', 'closed')
            OR EXISTS (SELECT FROM budgeting_keyingend e WHERE e.cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'keying is begun anew before it has ended'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_anew_in_time';
    END IF;
    IF NEW.turn <> 1 + (SELECT count(*) FROM budgeting_keyinganew a WHERE a.cycle_id = NEW.cycle_id)
            OR EXISTS (SELECT FROM budgeting_papervote p WHERE p.key_hash = NEW.key_hash) THEN
        RAISE EXCEPTION 'keying is begun anew after the last time, under a key of its own'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_anew_forward';
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = NEW.approval_id AND r.act = 'cycle.keying_anew'
            AND r.target_type = 'budgeting.cycle' AND r.target_id = NEW.cycle_id::text
            AND (r.parameters ->> 'turn')::integer = NEW.turn
            AND r.parameters ->> 'reason' = NEW.reason
    ) THEN
        RAISE EXCEPTION 'keying is begun anew as two people agreed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'keying_anew_needs_two_people';
    END IF;
    SELECT count(*) INTO NEW.dropped FROM budgeting_keying k WHERE k.cycle_id = NEW.cycle_id;
    RETURN NEW;
END $$;
CREATE TRIGGER keying_anew_in_time BEFORE INSERT ON budgeting_keyinganew
    FOR EACH ROW EXECUTE FUNCTION budgeting_keying_anew_in_time();
"""
IN_TIME_UNDONE = """
DROP TRIGGER keying_anew_in_time ON budgeting_keyinganew;
DROP FUNCTION budgeting_keying_anew_in_time();
"""

# With the owner's rights: the application's role truncates nothing, and calls no trigger by hand.
DROP_KEYINGS = """
CREATE FUNCTION budgeting_drop_keyings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF to_regclass(format('budgeting_keying_%s', NEW.cycle_id)) IS NOT NULL THEN
        EXECUTE format('TRUNCATE budgeting_keying_%s', NEW.cycle_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER drop_keyings AFTER INSERT ON budgeting_keyinganew
    FOR EACH ROW EXECUTE FUNCTION budgeting_drop_keyings();
"""
DROP_KEYINGS_UNDONE = """
DROP TRIGGER drop_keyings ON budgeting_keyinganew;
DROP FUNCTION budgeting_drop_keyings();
"""

# On the way back nothing may be lost without which sheets cannot be keyed or compared.
STAYS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM budgeting_keyinganew) THEN
        RAISE EXCEPTION 'keying was begun anew: only this table names the key it goes on under';
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_guards"),
        ("budgeting", "0029_mailing_put_off"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="papervote", name="paper_holds_hashes"),
        # The column keeps its name: older processes go on reading it while a newer one starts.
        migrations.AlterField(
            model_name="papervote",
            name="key_hash",
            field=models.CharField(db_column="key_hash", max_length=64),
        ),
        migrations.RenameField(
            model_name="papervote", old_name="key_hash", new_name="first_key_hash"
        ),
        migrations.AddConstraint(
            model_name="papervote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("commitment__regex", "^[0-9a-f]{64}$"),
                    ("first_key_hash__regex", "^[0-9a-f]{64}$"),
                    ("seed__regex", "^[0-9a-f]{64}$"),
                ),
                name="paper_holds_hashes",
            ),
        ),
        migrations.CreateModel(
            name="KeyingAnew",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("turn", models.PositiveSmallIntegerField()),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                ("reason", models.CharField(max_length=500, verbose_name="why")),
                (
                    "dropped",
                    models.PositiveIntegerField(default=0, verbose_name="keyings dropped"),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                (
                    "approval",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="audit.approval",
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        db_column="cycle_id",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keyings_anew",
                        to="budgeting.papervote",
                    ),
                ),
            ],
            options={
                "verbose_name": "keying begun anew",
                "verbose_name_plural": "keyings begun anew",
                "ordering": ["turn"],
                "constraints": [
                    models.UniqueConstraint(fields=("paper", "turn"), name="keying_anew_turn"),
                    models.CheckConstraint(
                        condition=models.Q(("key_hash__regex", "^[0-9a-f]{64}$")),
                        name="keying_anew_key_is_hash",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="keying_anew_says_why"
                    ),
                ],
            },
        ),
        append_only("budgeting_keyinganew"),
        migrations.RunSQL(IN_TIME, IN_TIME_UNDONE),
        migrations.RunSQL(DROP_KEYINGS, DROP_KEYINGS_UNDONE),
        migrations.RunSQL(migrations.RunSQL.noop, STAYS),
    ]
