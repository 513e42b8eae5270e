"""Each project carries the sum of its cost lines, and the database keeps it."""

from django.db import migrations, models

# Whatever is written there: so no save of a row that was read before can bring an old sum back.
KEEP = """
CREATE FUNCTION projects_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.total_minor := COALESCE(
        (SELECT sum(amount_minor) FROM projects_costline WHERE project_id = NEW.id), 0
    );
    RETURN NEW;
END $$;
CREATE TRIGGER projects_total BEFORE INSERT OR UPDATE ON projects_project
    FOR EACH ROW EXECUTE FUNCTION projects_total();

CREATE FUNCTION projects_lines_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE projects_project SET total_minor = total_minor
        WHERE id IN (SELECT project_id FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER projects_lines_added AFTER INSERT ON projects_costline
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION projects_lines_changed();
CREATE TRIGGER projects_lines_removed AFTER DELETE ON projects_costline
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION projects_lines_changed();
CREATE TRIGGER projects_lines_changed_from AFTER UPDATE ON projects_costline
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION projects_lines_changed();
CREATE TRIGGER projects_lines_changed_to AFTER UPDATE ON projects_costline
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION projects_lines_changed();
"""
UNDO = """
DROP TRIGGER projects_lines_changed_to ON projects_costline;
DROP TRIGGER projects_lines_changed_from ON projects_costline;
DROP TRIGGER projects_lines_removed ON projects_costline;
DROP TRIGGER projects_lines_added ON projects_costline;
DROP FUNCTION projects_lines_changed();
DROP TRIGGER projects_total ON projects_project;
DROP FUNCTION projects_total();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0015_what_co_authors_do")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="total_minor",
            field=models.BigIntegerField(
                db_default=0, default=0, editable=False, verbose_name="cost"
            ),
        ),
        migrations.RunSQL(KEEP, UNDO),
    ]
