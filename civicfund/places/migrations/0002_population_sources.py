from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("places", "0001_first_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="neighborhood",
            name="population_source",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=120,
                verbose_name="where that number comes from",
            ),
        ),
        migrations.AddConstraint(
            model_name="neighborhood",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("population__isnull", False), ("population_source", ""), _connector="OR"
                ),
                name="neighborhood_source_of_a_number",
            ),
        ),
    ]
