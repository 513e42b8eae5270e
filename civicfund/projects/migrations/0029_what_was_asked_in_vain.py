"""Why somebody asked to make two projects one goes with them, where nothing came of it."""

from django.db import migrations, models

# Of those who have left already. May be run again.
FORGET = """
UPDATE projects_merge m SET reason = '' FROM people_user u
    WHERE u.id = m.asked_by_id AND u.erased_at IS NOT NULL
    AND m.state IN ('declined', 'withdrawn') AND m.reason <> '';
"""
SAID_AGAIN = "UPDATE projects_merge SET reason = '-' WHERE reason = '';"


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_erased_people"),
        ("projects", "0028_pictures_in_front"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="merge", name="merge_has_reason"),
        # On the way back between the two: once neither holds, and before the older one looks.
        migrations.RunSQL(migrations.RunSQL.noop, SAID_AGAIN),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", ""), _negated=True),
                    ("state__in", ["declined", "withdrawn"]),
                    _connector="OR",
                ),
                name="merge_has_reason",
            ),
        ),
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
    ]
