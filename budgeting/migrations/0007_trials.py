import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0006_rounds_and_losses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Trial",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="election")),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="asked for",
                    ),
                ),
                ("file", models.BinaryField(null=True, verbose_name="file")),
                ("amount_minor", models.BigIntegerField(null=True, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("rules", models.JSONField(verbose_name="rules")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for a worker"),
                            ("counting", "Being counted"),
                            ("done", "Counted"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("options", models.JSONField(default=list, verbose_name="options")),
                ("results", models.JSONField(default=dict, verbose_name="results")),
                (
                    "error",
                    models.CharField(blank=True, max_length=500, verbose_name="why it failed"),
                ),
            ],
            options={
                "verbose_name": "trial",
                "verbose_name_plural": "trials",
            },
        ),
        migrations.AddConstraint(
            model_name="cycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("slug__in", ("what-if",)), _negated=True),
                name="cycle_address_is_its_own",
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="trial",
            name="pot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="budgeting.pot",
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "counting", "done", "failed"])),
                name="trial_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("file__isnull", False), ("pot__isnull", True)),
                    models.Q(("file__isnull", True), ("pot__isnull", False)),
                    _connector="OR",
                ),
                name="trial_has_one_election",
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_minor__isnull", True), ("amount_minor__gte", 0), _connector="OR"
                ),
                name="trial_amount_is_none_or_more",
            ),
        ),
    ]
