from django.db import migrations


class Migration(migrations.Migration):
    """While an upgrade runs, a process of before 0036 still ends keying, where nothing is to be
    explained.
    """

    dependencies = [
        ("budgeting", "0048_reviews_of_older_processes"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE budgeting_keyingend ALTER COLUMN explained SET DEFAULT '{}'",
            migrations.RunSQL.noop,
        ),
    ]
