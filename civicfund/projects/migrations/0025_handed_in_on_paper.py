from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0024_wishes_to_join"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="handed_in_by",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=120,
                verbose_name="handed in on paper by",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("handed_in_by", ""), ("handed_in_by__regex", "\\S"), _connector="OR"
                ),
                name="project_handed_in_by_somebody",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="takes_over",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="to take it over"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("takes_over", True)),
                fields=("project",),
                name="invitation_one_takes_over",
            ),
        ),
    ]
