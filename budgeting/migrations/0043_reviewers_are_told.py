from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0042_bundles_kept"),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="reminded_of",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="untold",
            field=models.CharField(
                blank=True,
                choices=[
                    ("assigned", "It is theirs"),
                    ("returned", "Its project came back from its authors"),
                ],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="warned_of",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(("untold__in", ["", "assigned", "returned"])),
                name="review_untold_known",
            ),
        ),
    ]
