from django.db import migrations, models

GUARD = """
CREATE FUNCTION pledges_campaign_resumed_for_a_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'campaign %: it goes on for a reason that everybody reads', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_campaign_resumed_for_a_reason';
END $$;
CREATE TRIGGER pledges_campaign_resumed_for_a_reason BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN (OLD.state = 'suspended' AND NEW.state = 'live' AND btrim(NEW.resumption_reason) = '')
    EXECUTE FUNCTION pledges_campaign_resumed_for_a_reason();
"""
OPEN = """
DROP TRIGGER pledges_campaign_resumed_for_a_reason ON pledges_campaign;
DROP FUNCTION pledges_campaign_resumed_for_a_reason();
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0017_consents_stay")]

    operations = [
        migrations.AddField(
            "campaign",
            "resumption_reason",
            models.TextField(blank=True, default="", verbose_name="why it goes on"),
            preserve_default=False,
        ),
        migrations.RunSQL(GUARD, OPEN),
    ]
