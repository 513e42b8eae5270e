from django.db import migrations


class Migration(migrations.Migration):
    """For databases that ran 0040 and 0043 before they gave these columns a default."""

    dependencies = [
        ("budgeting", "0047_off_in_time"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE budgeting_review ALTER COLUMN round SET DEFAULT 1,"
            " ALTER COLUMN untold SET DEFAULT ''",
            migrations.RunSQL.noop,
        ),
    ]
