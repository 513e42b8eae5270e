"""Those who answer are written to of what is late, once for each look."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("complaints", "0004_guard_asks_less_and_more")]

    operations = [
        migrations.AddField(
            model_name="look",
            name="late_told_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="told that it is late"),
        ),
    ]
