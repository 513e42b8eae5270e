"""Another title or sentence for an open cycle, until voting begins, with a reason."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# The cycle is held alone, so that nobody votes or prints under the old title meanwhile.
IN_TIME = """
CREATE FUNCTION budgeting_rewording_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    cycle budgeting_cycle%ROWTYPE;
BEGIN
    SELECT * INTO cycle FROM budgeting_cycle WHERE id = NEW.cycle_id FOR UPDATE;
    NEW.at := clock_timestamp();
    IF cycle.state <> 'open' OR EXISTS (
        SELECT FROM budgeting_phase voting WHERE voting.cycle_id = cycle.id
            AND voting.kind = 'balloting' AND voting.starts_at <= NEW.at
    ) OR EXISTS (
        SELECT FROM budgeting_sheetbatch batch WHERE batch.cycle_id = cycle.id
    ) THEN
        RAISE EXCEPTION 'cycle % is not open, is voted on or printed', NEW.cycle_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'rewording_in_time';
    END IF;
    IF (NEW.title_before, NEW.summary_before) <> (cycle.title, cycle.summary) THEN
        RAISE EXCEPTION 'cycle % says something else', NEW.cycle_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'rewording_of_what_was_said';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rewording_in_time BEFORE INSERT ON budgeting_rewording
    FOR EACH ROW EXECUTE FUNCTION budgeting_rewording_in_time();

-- Once it is opened a cycle is called otherwise by a rewording alone.
CREATE FUNCTION budgeting_cycle_reworded() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM budgeting_rewording said
        WHERE said.id = (
                SELECT max(last.id) FROM budgeting_rewording last WHERE last.cycle_id = NEW.id
            ) AND (said.title_before, said.summary_before, said.title, said.summary)
                = (OLD.title, OLD.summary, NEW.title, NEW.summary)
    ) THEN
        RAISE EXCEPTION 'nobody said why cycle % is called otherwise', NEW.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_reworded_with_reason';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cycle_reworded_with_reason BEFORE UPDATE OF title, summary ON budgeting_cycle
    FOR EACH ROW WHEN (OLD.state <> 'draft'
        AND (OLD.title, OLD.summary) IS DISTINCT FROM (NEW.title, NEW.summary))
    EXECUTE FUNCTION budgeting_cycle_reworded();
"""
IN_TIME_UNDONE = """
DROP TRIGGER cycle_reworded_with_reason ON budgeting_cycle;
DROP FUNCTION budgeting_cycle_reworded();
DROP TRIGGER rewording_in_time ON budgeting_rewording;
DROP FUNCTION budgeting_rewording_in_time();
"""


def lose_none(apps, schema_editor):
    """The version before has no place for what is kept."""
    alias = schema_editor.connection.alias
    rewordings = apps.get_model("budgeting", "Rewording").objects.using(alias)
    if number := rewordings.count():
        raise RuntimeError(
            f"It was said why cycles are called otherwise ({number} times), which is kept. The"
            " version before has no place for that: there is no way back."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0055_reviews_before_voting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rewording",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title_before", models.CharField(max_length=120, verbose_name="title before")),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                (
                    "summary_before",
                    models.CharField(blank=True, max_length=280, verbose_name="sentence before"),
                ),
                ("summary", models.CharField(blank=True, max_length=280, verbose_name="sentence")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rewordings",
                        to="budgeting.cycle",
                    ),
                ),
            ],
            options={
                "verbose_name": "rewording of a cycle",
                "verbose_name_plural": "rewordings of cycles",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="rewording_says_why"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("summary", models.F("summary_before")),
                            ("title", models.F("title_before")),
                            _negated=True,
                        ),
                        name="rewording_changes_words",
                    ),
                ],
            },
        ),
        append_only("budgeting_rewording"),
        migrations.RunSQL(IN_TIME, IN_TIME_UNDONE),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
