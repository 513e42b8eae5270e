from django.db import migrations

# For triggers, here and in the apps above, that let nobody judge what they write.
WRITTEN_BY = """
CREATE FUNCTION projects_written_by(project bigint, person bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM projects_project p
                   WHERE p.id = project AND p.proposer_id = person)
        OR EXISTS (SELECT FROM projects_coauthor a
                   WHERE a.project_id = project AND a.user_id = person)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0021_hidden_by_moderators")]

    operations = [
        migrations.RunSQL(WRITTEN_BY, "DROP FUNCTION projects_written_by(bigint, bigint);"),
    ]
