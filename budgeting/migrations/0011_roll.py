import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_guards"),
        ("budgeting", "0010_board_opened"),
        ("places", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Eligibility",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("minimum_age", models.PositiveSmallIntegerField(verbose_name="youngest age")),
                ("age_on", models.DateField(verbose_name="on the day")),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), size=None, verbose_name="who"
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="made"
                    ),
                ),
            ],
            options={
                "verbose_name": "eligibility",
                "verbose_name_plural": "eligibilities",
            },
        ),
        migrations.CreateModel(
            name="PostedCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code_hash", models.CharField(max_length=64, unique=True)),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "posted code",
                "verbose_name_plural": "posted codes",
            },
        ),
        migrations.CreateModel(
            name="RollBatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("residencies", "Confirmed homes"),
                            ("file", "A file"),
                            ("person", "One person, seen by an officer"),
                        ],
                        max_length=16,
                        verbose_name="from",
                    ),
                ),
                ("added", models.PositiveIntegerField(verbose_name="added")),
                ("left_out", models.PositiveIntegerField(default=0, verbose_name="left out")),
                ("digest", models.CharField(max_length=64)),
                ("late", models.BooleanField(verbose_name="after the opening")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
            ],
            options={
                "verbose_name": "lines added to a roll",
                "verbose_name_plural": "lines added to a roll",
                "ordering": ["pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="participation",
            name="participation_channel_known",
        ),
        migrations.AlterField(
            model_name="participation",
            name="channel",
            field=models.CharField(
                choices=[("web", "On the web"), ("code", "With a code sent by post")],
                max_length=16,
                verbose_name="voted",
            ),
        ),
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["web", "code"])),
                name="participation_channel_known",
            ),
        ),
        migrations.AddField(
            model_name="eligibility",
            name="cycle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="eligibilities",
                to="budgeting.cycle",
            ),
        ),
        migrations.AddField(
            model_name="eligibility",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="eligibility",
            name="places",
            field=models.ManyToManyField(blank=True, related_name="+", to="places.neighborhood"),
        ),
        migrations.AddField(
            model_name="postedcode",
            name="approval",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audit.approval"
            ),
        ),
        migrations.AddField(
            model_name="postedcode",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="codes",
                to="budgeting.rollentry",
            ),
        ),
        migrations.AddField(
            model_name="rollbatch",
            name="approval",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audit.approval"
            ),
        ),
        migrations.AddField(
            model_name="rollbatch",
            name="cycle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="roll_batches",
                to="budgeting.cycle",
            ),
        ),
        migrations.AddField(
            model_name="rollentry",
            name="batch",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="budgeting.rollbatch",
            ),
        ),
        migrations.AddConstraint(
            model_name="eligibility",
            constraint=models.UniqueConstraint(
                fields=("cycle", "version"), name="eligibility_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="eligibility",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("groups__contained_by", ["resident", "worker", "student"]),
                    ("groups__len__gte", 1),
                ),
                name="eligibility_groups_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="eligibility",
            constraint=models.CheckConstraint(
                condition=models.Q(("minimum_age__lte", 130)), name="eligibility_age_possible"
            ),
        ),
        migrations.AddConstraint(
            model_name="postedcode",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("entry",),
                name="posted_code_one_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="postedcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("code_hash__regex", "^[0-9a-f]{64}$")),
                name="posted_code_is_a_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="rollbatch",
            constraint=models.UniqueConstraint(
                fields=("id", "cycle"), name="roll_batch_with_cycle"
            ),
        ),
        migrations.AddConstraint(
            model_name="rollbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("digest__regex", "^[0-9a-f]{64}$"),
                    ("source__in", ["residencies", "file", "person"]),
                ),
                name="roll_batch_source_known",
            ),
        ),
    ]
