"""The sums of what was there before, some rows at a time, then their indexes beside writes."""

from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites

ROWS = 2_000


def fill(apps, schema_editor):
    """Touch every project that has cost lines: the trigger does the sum. May be run again."""
    lines = apps.get_model("projects", "CostLine").objects.using(schema_editor.connection.alias)
    projects = sorted(set(lines.values_list("project", flat=True)))
    rows = apps.get_model("projects", "Project").objects.using(schema_editor.connection.alias)
    for start in range(0, len(projects), ROWS):
        rows.filter(pk__in=projects[start : start + ROWS]).update(total_minor=0)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("projects", "0016_total_kept_by_the_database")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexBesideWrites(
            model_name="project",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["stub", "ready"]),
                    models.Q(
                        ("story", ""), ("total_minor", 0), ("wanted__len__gt", 0), _connector="OR"
                    ),
                ),
                fields=["neighborhood", "id"],
                name="project_wanting",
            ),
        ),
        AddIndexBesideWrites(
            model_name="project",
            index=models.Index(
                condition=models.Q(("state__in", ["stub", "ready"])),
                fields=["neighborhood", "total_minor", "id"],
                name="project_by_cost",
            ),
        ),
    ]
