import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# One partition for each cycle, so that TRUNCATE leaves no keyed choices to read. Foreign keys are
# checked at once: TRUNCATE does not wait for checks at the end.
KEYINGS = """
CREATE TABLE budgeting_keying (
    id uuid NOT NULL,
    cycle_id bigint NOT NULL REFERENCES budgeting_cycle (id),
    slot varchar(64) NOT NULL CHECK (slot ~ '^[0-9a-f]{64}$'),
    turn smallint NOT NULL CHECK (turn BETWEEN 1 AND 3),
    clerk_id bigint NOT NULL REFERENCES people_user (id),
    digest varchar(64) NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    void varchar(16) NOT NULL,
    voids jsonb NOT NULL,
    ciphertext bytea NULL,
    PRIMARY KEY (id, cycle_id),
    CONSTRAINT keying_turn UNIQUE (cycle_id, slot, turn),
    CONSTRAINT keying_by_another UNIQUE (cycle_id, slot, clerk_id),
    CONSTRAINT keying_void_has_no_choices CHECK ((ciphertext IS NULL) = (void <> '')),
    CONSTRAINT keying_void_known CHECK (void IN ('', 'blank', 'illegible', 'too_many', 'too_few',
        'over_budget', 'wrong_points', 'spoiled', 'signed', 'foreign'))
) PARTITION BY LIST (cycle_id);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0016_started_ballots"),
        ("places", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PaperCount",
            fields=[
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="paper_count",
                        serialize=False,
                        to="budgeting.cycle",
                    ),
                ),
                ("counted", models.PositiveIntegerField(verbose_name="sheets counted")),
            ],
            options={
                "verbose_name": "count of sheets",
                "verbose_name_plural": "counts of sheets",
            },
        ),
        migrations.CreateModel(
            name="PollingPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("address", models.CharField(max_length=200, verbose_name="address")),
                (
                    "hours",
                    models.CharField(blank=True, max_length=200, verbose_name="opening hours"),
                ),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="polling_places",
                        to="budgeting.cycle",
                    ),
                ),
            ],
            options={
                "verbose_name": "polling place",
                "verbose_name_plural": "polling places",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="PlaceTotals",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("cast", models.PositiveIntegerField(verbose_name="in the box")),
                ("spoiled", models.PositiveIntegerField(verbose_name="spoiled, and replaced")),
                ("returned", models.PositiveIntegerField(verbose_name="returned unused")),
                (
                    "reason",
                    models.CharField(blank=True, max_length=500, verbose_name="why they differ"),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="totals",
                        to="budgeting.pollingplace",
                    ),
                ),
            ],
            options={
                "verbose_name": "totals of a place",
                "verbose_name_plural": "totals of places",
            },
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "participation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_in",
                        to="budgeting.participation",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_ins",
                        to="budgeting.pollingplace",
                    ),
                ),
            ],
            options={
                "verbose_name": "check-in",
                "verbose_name_plural": "check-ins",
            },
        ),
        migrations.CreateModel(
            name="SampledSheet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rank", models.PositiveIntegerField()),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sampled_sheets",
                        to="budgeting.cycle",
                    ),
                ),
            ],
            options={
                "verbose_name": "sheet of the sample",
                "verbose_name_plural": "sheets of the sample",
                "ordering": ["rank"],
            },
        ),
        migrations.CreateModel(
            name="SampleReading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("observer", "Observer"), ("clerk", "Clerk")], max_length=16
                    ),
                ),
                ("turn", models.PositiveSmallIntegerField()),
                ("agrees", models.BooleanField()),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sampled",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readings",
                        to="budgeting.sampledsheet",
                    ),
                ),
            ],
            options={
                "verbose_name": "reading of a sheet",
                "verbose_name_plural": "readings of sheets",
            },
        ),
        migrations.CreateModel(
            name="Sheet",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.CharField(max_length=16, verbose_name="number")),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sheets",
                        to="budgeting.cycle",
                    ),
                ),
            ],
            options={
                "verbose_name": "sheet",
                "verbose_name_plural": "sheets",
            },
        ),
        migrations.AddField(
            model_name="sampledsheet",
            name="sheet",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sampled",
                to="budgeting.sheet",
            ),
        ),
        migrations.CreateModel(
            name="SheetBatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=16, verbose_name="language")),
                ("printed", models.PositiveIntegerField(verbose_name="printed")),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.neighborhood",
                    ),
                ),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sheet_batches",
                        to="budgeting.cycle",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="budgeting.pollingplace",
                    ),
                ),
            ],
            options={
                "verbose_name": "batch of sheets",
                "verbose_name_plural": "batches of sheets",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="sheet",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sheets",
                to="budgeting.sheetbatch",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEYINGS, "DROP TABLE budgeting_keying")],
            state_operations=[
                migrations.CreateModel(
                    name="Keying",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("slot", models.CharField(max_length=64)),
                        ("turn", models.PositiveSmallIntegerField()),
                        ("digest", models.CharField(max_length=64)),
                        (
                            "void",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("blank", "Nothing is filled in"),
                                    ("illegible", "It cannot be read"),
                                    ("too_many", "Too many projects are named"),
                                    ("too_few", "Too few projects are named"),
                                    ("over_budget", "It costs more than the pot holds"),
                                    ("wrong_points", "Points or ranks are not as they should be"),
                                    ("spoiled", "It is torn or crossed out"),
                                    ("signed", "It tells who filled it in"),
                                    ("foreign", "It is not the sheet that the town printed"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("voids", models.JSONField(default=dict)),
                        ("ciphertext", models.BinaryField(null=True)),
                        (
                            "clerk",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "cycle",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="budgeting.cycle",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("cycle", "slot", "turn"), name="keying_turn"
                            ),
                            models.UniqueConstraint(
                                fields=("cycle", "slot", "clerk"), name="keying_by_another"
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="KeyingEnd",
            fields=[
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="keying_end",
                        serialize=False,
                        to="budgeting.cycle",
                    ),
                ),
                ("sheets", models.PositiveIntegerField(verbose_name="sheets keyed")),
                ("decided", models.PositiveIntegerField(verbose_name="decided by a third clerk")),
                ("void", models.PositiveIntegerField(verbose_name="void sheets")),
                ("by_place", models.JSONField(default=dict)),
                ("voids", models.JSONField(default=dict)),
                ("void_parts", models.JSONField(default=dict)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "end of keying",
                "verbose_name_plural": "ends of keying",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided__lte", models.F("sheets")), ("void__lte", models.F("sheets"))
                        ),
                        name="keying_end_sums",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PaperVote",
            fields=[
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="paper",
                        serialize=False,
                        to="budgeting.cycle",
                    ),
                ),
                ("key_hash", models.CharField(max_length=64)),
                ("seed", models.CharField(max_length=64)),
                ("commitment", models.CharField(max_length=64)),
                ("sample_size", models.PositiveIntegerField(verbose_name="sheets to compare")),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "vote on paper",
                "verbose_name_plural": "votes on paper",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("commitment__regex", "^[0-9a-f]{64}$"),
                            ("key_hash__regex", "^[0-9a-f]{64}$"),
                            ("seed__regex", "^[0-9a-f]{64}$"),
                        ),
                        name="paper_holds_hashes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sample_size__gte", 1)), name="paper_sample_not_empty"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="pollingplace",
            constraint=models.UniqueConstraint(
                fields=("cycle", "name"), name="polling_place_named_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="pollingplace",
            constraint=models.UniqueConstraint(
                fields=("id", "cycle"), name="polling_place_with_cycle"
            ),
        ),
        migrations.AddConstraint(
            model_name="placetotals",
            constraint=models.UniqueConstraint(
                fields=("place", "version"), name="place_totals_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="samplereading",
            constraint=models.UniqueConstraint(
                fields=("sampled", "role", "turn"), name="sample_reading_once_a_turn"
            ),
        ),
        migrations.AddConstraint(
            model_name="samplereading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("role__in", ["observer", "clerk"]), ("turn__gte", 1), ("turn__lte", 3)
                ),
                name="sample_reading_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="sampledsheet",
            constraint=models.UniqueConstraint(fields=("cycle", "rank"), name="sampled_sheet_rank"),
        ),
        migrations.AddConstraint(
            model_name="sheetbatch",
            constraint=models.UniqueConstraint(
                fields=("id", "cycle"), name="sheet_batch_with_cycle"
            ),
        ),
        migrations.AddConstraint(
            model_name="sheetbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("printed__gte", 1)), name="sheet_batch_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="sheet",
            constraint=models.UniqueConstraint(
                fields=("cycle", "number"), name="sheet_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="sheet",
            constraint=models.UniqueConstraint(fields=("id", "cycle"), name="sheet_with_cycle"),
        ),
    ]
