"""A project is dated by its publication: what the database dates, and what was public before.

Not atomic, for the indexes; every step may be run again.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites

ROWS = 2_000

# Whoever publishes, a process of an older version among them; and no save of a row that was read
# before takes the date away again.
DATED = """
ALTER TABLE projects_project ADD COLUMN IF NOT EXISTS published_at timestamp with time zone NULL;
CREATE OR REPLACE FUNCTION projects_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.published_at := OLD.published_at;
    END IF;
    NEW.published_at := COALESCE(NEW.published_at, statement_timestamp());
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS projects_published ON projects_project;
CREATE TRIGGER projects_published BEFORE INSERT OR UPDATE ON projects_project FOR EACH ROW
    WHEN (NEW.published_at IS NULL AND NEW.state IN ('stub', 'ready', 'merged'))
    EXECUTE FUNCTION projects_published();
"""
NOT_DATED = """
DROP TRIGGER projects_published ON projects_project;
DROP FUNCTION projects_published();
ALTER TABLE projects_project DROP COLUMN published_at;
"""

# When it left its draft, by the trail; where that tells nothing, when its public history begins.
FILL = """
UPDATE projects_project p SET published_at = told.at, updated_at = GREATEST(p.updated_at, told.at)
FROM (
    SELECT q.id, COALESCE(
        (SELECT min(e.at) FROM audit_event e
            WHERE e.target_type = 'projects.project' AND e.target_id = q.id::text
                AND e.verb = 'project.stub' AND e.data ->> 'old' = 'draft'),
        (SELECT min(v.at) FROM projects_version v WHERE v.project_id = q.id AND v.is_public),
        CASE WHEN q.state <> 'withdrawn' THEN q.created_at END
    ) AS at
    FROM projects_project q WHERE q.state <> 'draft' AND q.id BETWEEN %s AND %s
) told
WHERE p.id = told.id AND told.at IS NOT NULL
"""

CHECK = "project_published_iff_public"
CHECKED = f"""
ALTER TABLE projects_project DROP CONSTRAINT IF EXISTS {CHECK};
ALTER TABLE projects_project ADD CONSTRAINT {CHECK} CHECK (
    (state <> 'draft' OR published_at IS NULL)
    AND (state NOT IN ('stub', 'ready', 'merged') OR published_at IS NOT NULL)
) NOT VALID;
"""
LISTED = models.Q(("state__in", ["stub", "ready"]))


def fill(apps, schema_editor):
    """Date what was public before, some rows at a time, and what was made public meanwhile."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM projects_project")
        last = cursor.fetchone()[0] or 0
        for start in range(1, last + 1, ROWS):
            cursor.execute(FILL, [start, start + ROWS - 1])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("audit", "0001_first_tables"),
        ("projects", "0019_what_those_who_leave_offered"),
    ]

    operations = [
        migrations.RunSQL(
            DATED,
            NOT_DATED,
            state_operations=[
                migrations.AddField(
                    model_name="project",
                    name="published_at",
                    field=models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="proposed"
                    ),
                ),
                migrations.AlterField(
                    model_name="project",
                    name="created_at",
                    field=models.DateTimeField(
                        db_default=models.functions.Now(), verbose_name="begun"
                    ),
                ),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(
            CHECKED,
            f"ALTER TABLE projects_project DROP CONSTRAINT {CHECK};",
            state_operations=[
                migrations.AddConstraint(
                    model_name="project",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("state", "draft"), _negated=True),
                                ("published_at__isnull", True),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(("state__in", ["stub", "ready", "merged"]), _negated=True),
                                ("published_at__isnull", False),
                                _connector="OR",
                            ),
                        ),
                        name=CHECK,
                    ),
                )
            ],
        ),
        migrations.RunSQL(
            f"ALTER TABLE projects_project VALIDATE CONSTRAINT {CHECK};", migrations.RunSQL.noop
        ),
        AddIndexBesideWrites(
            model_name="project",
            index=models.Index(
                fields=["state", "-published_at", "-id"], name="project_newest_of_state"
            ),
        ),
        AddIndexBesideWrites(
            model_name="project",
            index=models.Index(
                condition=LISTED, fields=["-published_at", "-id"], name="project_listed_newest"
            ),
        ),
        AddIndexBesideWrites(
            model_name="project",
            index=models.Index(
                condition=LISTED,
                fields=["neighborhood", "-published_at", "-id"],
                name="project_at_place_newest",
            ),
        ),
        RemoveIndexConcurrently(model_name="project", name="project_newest"),
        RemoveIndexConcurrently(model_name="project", name="project_listed"),
        RemoveIndexConcurrently(model_name="project", name="project_listed_at_place"),
    ]
