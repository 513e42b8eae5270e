from django.db import migrations, models


class Migration(migrations.Migration):
    """A project's authors say which of its pictures comes first."""

    dependencies = [
        ("projects", "0027_reported_as_the_same_beside"),
    ]

    operations = [
        migrations.AddField(
            model_name="projectfile",
            name="front_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="put in front"),
        ),
    ]
