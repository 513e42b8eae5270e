import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0022_review_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="SupportCount",
            fields=[
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="support_count",
                        serialize=False,
                        to="budgeting.proposal",
                    ),
                ),
                ("people", models.PositiveIntegerField(verbose_name="people")),
                (
                    "counted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="counted"
                    ),
                ),
            ],
            options={
                "verbose_name": "kept number of supports",
                "verbose_name_plural": "kept numbers of supports",
            },
        ),
        migrations.AddField(
            model_name="pot",
            name="supports_needed",
            field=models.PositiveIntegerField(default=0, verbose_name="supports needed"),
        ),
    ]
