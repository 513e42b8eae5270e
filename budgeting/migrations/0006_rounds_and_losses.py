import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from civicfund.audit.constraints import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0005_limits_of_points"),
    ]

    operations = [
        migrations.AddField(
            model_name="tally",
            name="levels",
            field=models.JSONField(default=list, verbose_name="levels"),
        ),
        migrations.CreateModel(
            name="Counterfactual",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=64, verbose_name="code")),
                ("reasons", models.JSONField(verbose_name="reasons")),
                (
                    "tried_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="tried",
                    ),
                ),
                (
                    "tally",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counterfactuals",
                        to="budgeting.tally",
                    ),
                ),
            ],
            options={
                "verbose_name": "counterfactual",
                "verbose_name_plural": "counterfactuals",
                "constraints": [
                    models.UniqueConstraint(fields=("tally", "code"), name="counterfactual_once")
                ],
            },
        ),
        append_only("budgeting_counterfactual"),
    ]
