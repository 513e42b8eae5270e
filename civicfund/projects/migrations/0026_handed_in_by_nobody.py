from django.db import migrations


class Migration(migrations.Migration):
    """For databases that ran 0025 before it gave the column a default."""

    dependencies = [
        ("projects", "0025_there_twice"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE projects_project ALTER COLUMN handed_in_by SET DEFAULT ''",
            migrations.RunSQL.noop,
        ),
    ]
