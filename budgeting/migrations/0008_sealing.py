import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# One partition for each cycle, so that TRUNCATE empties one urn and leaves no dead rows to read.
# The foreign key is checked at once: TRUNCATE does not wait for checks at the end.
URNS = """
CREATE TABLE budgeting_sealedballot (
    id uuid NOT NULL,
    cycle_id bigint NOT NULL REFERENCES budgeting_cycle (id),
    slot varchar(64) NULL,
    version integer NOT NULL CHECK (version >= 0),
    ciphertext bytea NOT NULL,
    PRIMARY KEY (id, cycle_id),
    CONSTRAINT sealed_ballot_version UNIQUE (cycle_id, slot, version)
) PARTITION BY LIST (cycle_id);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0007_trials"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Board",
            fields=[
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="board",
                        serialize=False,
                        to="budgeting.cycle",
                    ),
                ),
                ("public_key", models.CharField(max_length=64)),
                ("padded_bytes", models.PositiveIntegerField()),
                ("slot_key_hash", models.CharField(max_length=64)),
                ("first", models.CharField(max_length=64)),
                ("size", models.PositiveIntegerField(default=0, verbose_name="ballots cast")),
                ("head", models.CharField(max_length=64, verbose_name="head of the chain")),
                ("root", models.CharField(blank=True, max_length=64, verbose_name="root")),
                ("kept", models.PositiveIntegerField(blank=True, null=True)),
                ("counted", models.PositiveIntegerField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "board",
                "verbose_name_plural": "boards",
            },
        ),
        migrations.CreateModel(
            name="BoardLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                ("ballot_hash", models.CharField(max_length=64)),
                ("receipt_hash", models.CharField(max_length=64)),
                ("head", models.CharField(default="", max_length=64)),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="board_lines",
                        to="budgeting.cycle",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Casting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("cast_at", models.DateTimeField()),
                (
                    "participation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="castings",
                        to="budgeting.participation",
                    ),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(URNS, "DROP TABLE budgeting_sealedballot")],
            state_operations=[
                migrations.CreateModel(
                    name="SealedBallot",
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
                        ("slot", models.CharField(max_length=64, null=True)),
                        ("version", models.PositiveIntegerField()),
                        ("ciphertext", models.BinaryField()),
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
                ),
                migrations.AddConstraint(
                    model_name="sealedballot",
                    constraint=models.UniqueConstraint(
                        fields=("cycle", "slot", "version"), name="sealed_ballot_version"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TrusteeKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_key", models.CharField(max_length=64, verbose_name="public key")),
                (
                    "given_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="given"
                    ),
                ),
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="trustee_key",
                        to="budgeting.cycle",
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "trustees' key",
                "verbose_name_plural": "trustees' keys",
            },
        ),
        migrations.CreateModel(
            name="Rehearsal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "pair",
                    models.CharField(
                        choices=[
                            ("1+2", "Trustees 1 and 2"),
                            ("1+3", "Trustees 1 and 3"),
                            ("2+3", "Trustees 2 and 3"),
                        ],
                        max_length=3,
                        verbose_name="pair",
                    ),
                ),
                ("box", models.TextField(verbose_name="test box")),
                ("answer_hash", models.CharField(max_length=64)),
                ("passed_at", models.DateTimeField(blank=True, null=True, verbose_name="opened")),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rehearsals",
                        to="budgeting.trusteekey",
                    ),
                ),
            ],
            options={
                "ordering": ["pair"],
            },
        ),
        migrations.DeleteModel(
            name="Ballot",
        ),
        migrations.RunSQL("DROP FUNCTION budgeting_ballot_in_time()", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="boardline",
            constraint=models.UniqueConstraint(
                fields=("cycle", "position"), name="board_line_position"
            ),
        ),
        migrations.AddConstraint(
            model_name="boardline",
            constraint=models.UniqueConstraint(
                fields=("cycle", "receipt_hash"), name="board_line_receipt"
            ),
        ),
        migrations.AddConstraint(
            model_name="boardline",
            constraint=models.UniqueConstraint(
                fields=("cycle", "ballot_hash"), name="board_line_ballot"
            ),
        ),
        migrations.AddConstraint(
            model_name="boardline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ballot_hash__regex", "^[0-9a-f]{64}$"),
                    ("receipt_hash__regex", "^[0-9a-f]{64}$"),
                ),
                name="board_line_holds_hashes",
            ),
        ),
        migrations.AddConstraint(
            model_name="casting",
            constraint=models.UniqueConstraint(
                fields=("participation", "version"), name="casting_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="casting",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="casting_versions_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="trusteekey",
            constraint=models.CheckConstraint(
                condition=models.Q(("public_key__regex", "^[0-9a-f]{64}$")),
                name="trustee_key_is_32_bytes",
            ),
        ),
        migrations.AddConstraint(
            model_name="rehearsal",
            constraint=models.UniqueConstraint(
                fields=("key", "pair"), name="rehearsal_one_for_each_pair"
            ),
        ),
        migrations.AddConstraint(
            model_name="rehearsal",
            constraint=models.CheckConstraint(
                condition=models.Q(("pair__in", ["1+2", "1+3", "2+3"])), name="rehearsal_pair_known"
            ),
        ),
    ]
