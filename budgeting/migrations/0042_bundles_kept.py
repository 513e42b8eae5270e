import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

from civicfund.audit.constraints import append_only

# A vote that is published changes no more, so its bundle is made once. It comes whole: with all of
# its parts, in one transaction, and they are what its SHA-256 says.
WHOLE = """
CREATE FUNCTION budgeting_bundle_of_what_is_published() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_cycle c WHERE c.id = NEW.cycle_id AND c.state = 'published'
    ) THEN
        RAISE EXCEPTION 'a bundle is made of a published vote'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'bundle_of_what_is_published';
    END IF;
    NEW.made_at := transaction_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER bundle_of_what_is_published BEFORE INSERT ON budgeting_keptbundle
    FOR EACH ROW EXECUTE FUNCTION budgeting_bundle_of_what_is_published();

CREATE FUNCTION budgeting_bundle_part_in_time() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM budgeting_keptbundle b
        WHERE b.cycle_id = NEW.bundle_id AND b.made_at IS DISTINCT FROM transaction_timestamp()
    ) THEN
        RAISE EXCEPTION 'a bundle comes with its parts, and gets no more of them'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'bundle_part_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bundle_part_in_time BEFORE INSERT ON budgeting_bundlepart
    FOR EACH ROW EXECUTE FUNCTION budgeting_bundle_part_in_time();

CREATE FUNCTION budgeting_bundle_whole() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_bundlepart p WHERE p.bundle_id = NEW.cycle_id
        HAVING sum(length(p.content)) = NEW.size_bytes
            AND encode(sha256(string_agg(p.content, '' ORDER BY p.position)), 'hex') = NEW.sha256
    ) THEN
        RAISE EXCEPTION 'the parts of a bundle are not what it says'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'bundle_whole';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bundle_whole AFTER INSERT ON budgeting_keptbundle
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION budgeting_bundle_whole();
"""
WHOLE_UNDONE = """
DROP TRIGGER bundle_whole ON budgeting_keptbundle;
DROP FUNCTION budgeting_bundle_whole();
DROP TRIGGER bundle_part_in_time ON budgeting_bundlepart;
DROP FUNCTION budgeting_bundle_part_in_time();
DROP TRIGGER bundle_of_what_is_published ON budgeting_keptbundle;
DROP FUNCTION budgeting_bundle_of_what_is_published();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0041_trustees")]

    operations = [
        migrations.CreateModel(
            name="KeptBundle",
            fields=[
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="kept_bundle",
                        serialize=False,
                        to="budgeting.cycle",
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("made_at", models.DateTimeField(db_default=Now(), verbose_name="made")),
            ],
            options={
                "verbose_name": "bundle",
                "verbose_name_plural": "bundles",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                        name="kept_bundle_has_a_digest",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BundlePart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "bundle",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="budgeting.keptbundle",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("bundle", "position"), name="bundle_part_position"
                    )
                ],
            },
        ),
        append_only("budgeting_keptbundle"),
        append_only("budgeting_bundlepart"),
        migrations.RunSQL(WHOLE, WHOLE_UNDONE),
        # Zipped already: to compress it again costs time and wins nothing.
        migrations.RunSQL(
            "ALTER TABLE budgeting_bundlepart ALTER COLUMN content SET STORAGE EXTERNAL;",
            "ALTER TABLE budgeting_bundlepart ALTER COLUMN content SET STORAGE EXTENDED;",
        ),
    ]
