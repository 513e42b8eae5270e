import django.db.models.deletion
from django.db import migrations, models

# A campaign shows what belongs to its project, and a PDF is only ever downloaded.
OF_ITS_PROJECT = """
CREATE FUNCTION pledges_lead_of_its_project() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM projects_projectfile f JOIN pledges_campaign c ON c.project_id = f.project_id
        WHERE f.id = NEW.file_id AND f.kind = 'picture' AND c.id = NEW.campaign_id
    ) THEN
        RAISE EXCEPTION 'campaign %: in front stands a picture of its project', NEW.campaign_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'lead_picture_of_its_project';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_lead_of_its_project BEFORE INSERT OR UPDATE ON pledges_leadpicture
    FOR EACH ROW EXECUTE FUNCTION pledges_lead_of_its_project();
"""
UNDO = """
DROP TRIGGER pledges_lead_of_its_project ON pledges_leadpicture;
DROP FUNCTION pledges_lead_of_its_project();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0030_paid_projects_stay"),
        ("projects", "0024_wishes_to_join"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadPicture",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="lead",
                        serialize=False,
                        to="pledges.campaign",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="projects.projectfile",
                    ),
                ),
            ],
            options={
                "verbose_name": "picture in front",
                "verbose_name_plural": "pictures in front",
            },
        ),
        migrations.RunSQL(OF_ITS_PROJECT, UNDO),
    ]
