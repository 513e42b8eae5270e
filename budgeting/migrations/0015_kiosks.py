import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import append_only

FACTS = ("budgeting_kioskunlock", "budgeting_kioskopening", "budgeting_kioskend")

# A kiosk is revoked once, and otherwise kept.
KEPT = """
CREATE FUNCTION budgeting_kiosk_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
            AND (NEW.id, NEW.cycle_id, NEW.name, NEW.key_hash, NEW.registered_by_id,
                NEW.registered_at) = (OLD.id, OLD.cycle_id, OLD.name, OLD.key_hash,
                OLD.registered_by_id, OLD.registered_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a kiosk is revoked once, and otherwise kept'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kiosk_kept';
END $$;
CREATE TRIGGER kiosk_kept BEFORE UPDATE OR DELETE ON budgeting_kiosk
    FOR EACH ROW EXECUTE FUNCTION budgeting_kiosk_kept();
"""
NOT_KEPT = """
DROP TRIGGER kiosk_kept ON budgeting_kiosk;
DROP FUNCTION budgeting_kiosk_kept();
"""

# A ballot is unlocked for a voter of the kiosk's cycle while voting runs; its code is typed within
# two minutes, and its ballot cast within ten, by the database's clock, at a kiosk that is in use.
IN_TIME = """
CREATE FUNCTION budgeting_kiosk_unlock_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.made_at := clock_timestamp();
    IF NOT EXISTS (
        SELECT FROM budgeting_kiosk kiosk
            JOIN budgeting_rollentry entry
                ON entry.id = NEW.entry_id AND entry.cycle_id = kiosk.cycle_id
            JOIN budgeting_cycle cycle ON cycle.id = kiosk.cycle_id AND cycle.state = 'open'
            JOIN budgeting_phase phase ON phase.cycle_id = cycle.id AND phase.kind = 'balloting'
        WHERE kiosk.id = NEW.kiosk_id AND kiosk.revoked_at IS NULL
            AND phase.starts_at <= NEW.made_at AND NEW.made_at < phase.ends_at
    ) THEN
        RAISE EXCEPTION 'a ballot is unlocked at a kiosk of its cycle, while voting runs'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kiosk_unlock_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kiosk_unlock_in_time BEFORE INSERT ON budgeting_kioskunlock
    FOR EACH ROW EXECUTE FUNCTION budgeting_kiosk_unlock_in_time();

CREATE FUNCTION budgeting_kiosk_opened_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    IF NOT EXISTS (
        SELECT FROM budgeting_kioskunlock unlock
            JOIN budgeting_kiosk kiosk ON kiosk.id = unlock.kiosk_id
        WHERE unlock.id = NEW.unlock_id AND kiosk.revoked_at IS NULL
            AND NEW.at < unlock.made_at + interval '2 minutes'
            AND NOT EXISTS (SELECT FROM budgeting_kioskend e WHERE e.unlock_id = unlock.id)
            AND NOT EXISTS (SELECT FROM budgeting_kioskunlock newer
                WHERE newer.kiosk_id = unlock.kiosk_id AND newer.id > unlock.id)
    ) THEN
        RAISE EXCEPTION 'the newest code of a kiosk is typed within two minutes'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kiosk_opened_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kiosk_opened_in_time BEFORE INSERT ON budgeting_kioskopening
    FOR EACH ROW EXECUTE FUNCTION budgeting_kiosk_opened_in_time();

CREATE FUNCTION budgeting_kiosk_ballot_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    IF NEW.with_ballot AND NOT EXISTS (
        SELECT FROM budgeting_kioskunlock unlock
            JOIN budgeting_kioskopening opening ON opening.unlock_id = unlock.id
            JOIN budgeting_kiosk kiosk ON kiosk.id = unlock.kiosk_id
        WHERE unlock.id = NEW.unlock_id AND kiosk.revoked_at IS NULL
            AND NEW.at < unlock.made_at + interval '10 minutes'
    ) THEN
        RAISE EXCEPTION 'a ballot is cast within ten minutes of its unlocking'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kiosk_ballot_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kiosk_ballot_in_time BEFORE INSERT ON budgeting_kioskend
    FOR EACH ROW EXECUTE FUNCTION budgeting_kiosk_ballot_in_time();
"""
AT_ANY_TIME = """
DROP TRIGGER kiosk_ballot_in_time ON budgeting_kioskend;
DROP FUNCTION budgeting_kiosk_ballot_in_time();
DROP TRIGGER kiosk_opened_in_time ON budgeting_kioskopening;
DROP FUNCTION budgeting_kiosk_opened_in_time();
DROP TRIGGER kiosk_unlock_in_time ON budgeting_kioskunlock;
DROP FUNCTION budgeting_kiosk_unlock_in_time();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0014_extensions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Kiosk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="place")),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                (
                    "registered_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="registered",
                    ),
                ),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked")),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="budgeting.cycle",
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "kiosk",
                "verbose_name_plural": "kiosks",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="KioskUnlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code_hash", models.CharField(max_length=64)),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="budgeting.rollentry",
                    ),
                ),
                (
                    "kiosk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="unlocks",
                        to="budgeting.kiosk",
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KioskOpening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "unlock",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="opening",
                        to="budgeting.kioskunlock",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="KioskEnd",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("with_ballot", models.BooleanField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "unlock",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="end",
                        to="budgeting.kioskunlock",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="kiosk",
            constraint=models.CheckConstraint(
                condition=models.Q(("key_hash__regex", "^[0-9a-f]{64}$")), name="kiosk_key_is_hash"
            ),
        ),
        migrations.AddConstraint(
            model_name="kiosk",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__regex", "\\S")), name="kiosk_has_a_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="kiosk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at__isnull", True), ("revoked_by__isnull", True)),
                    models.Q(("revoked_at__isnull", False), ("revoked_by__isnull", False)),
                    _connector="OR",
                ),
                name="kiosk_revoked_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="kioskunlock",
            constraint=models.CheckConstraint(
                condition=models.Q(("code_hash__regex", "^[0-9a-f]{64}$")),
                name="kiosk_code_is_a_digest",
            ),
        ),
        *(append_only(table) for table in FACTS),
        migrations.RunSQL(KEPT, NOT_KEPT),
        migrations.RunSQL(IN_TIME, AT_ANY_TIME),
    ]
