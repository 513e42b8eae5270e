import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# Nobody is asked again and again: the survey is open, and a week has gone by since it was sent and
# since whoever had not answered was reminded last.
APART = """
CREATE FUNCTION pledges_survey_reminders_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    survey record;
    last timestamptz;
BEGIN
    SELECT sent_at, closed_at INTO survey FROM pledges_survey WHERE id = NEW.survey_id FOR UPDATE;
    SELECT max(at) INTO last FROM pledges_surveyreminder WHERE survey_id = NEW.survey_id;
    NEW.at := clock_timestamp();
    IF survey.sent_at IS NULL OR survey.closed_at IS NOT NULL
            OR NEW.at < greatest(survey.sent_at, last) + interval '7 days' THEN
        RAISE EXCEPTION 'survey %: backers are reminded once a week, while it is open',
            NEW.survey_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'survey_reminders_apart';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_survey_reminders_apart BEFORE INSERT ON pledges_surveyreminder
    FOR EACH ROW EXECUTE FUNCTION pledges_survey_reminders_apart();
"""
APART_UNDONE = """
DROP TRIGGER pledges_survey_reminders_apart ON pledges_surveyreminder;
DROP FUNCTION pledges_survey_reminders_apart();
"""


class Migration(migrations.Migration):
    """Who has not answered a survey is asked once more."""

    dependencies = [
        ("pledges", "0033_creators_follow"),
    ]

    operations = [
        migrations.CreateModel(
            name="SurveyReminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="reminded",
                    ),
                ),
                (
                    "survey",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminders",
                        to="pledges.survey",
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder of a survey",
                "verbose_name_plural": "reminders of surveys",
            },
        ),
        append_only("pledges_surveyreminder"),
        migrations.RunSQL(APART, APART_UNDONE),
    ]
