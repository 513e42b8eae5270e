"""Projects that were there before anybody followed a place are not announced as new."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("talk", "0005_follows"), ("projects", "0001_first_tables")]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO talk_thread (kind, subject_id, announced_at)
            SELECT 'project', id, now() FROM projects_project WHERE state <> 'draft'
            ON CONFLICT (kind, subject_id) DO UPDATE SET announced_at = excluded.announced_at;
            """,
            migrations.RunSQL.noop,
        )
    ]
