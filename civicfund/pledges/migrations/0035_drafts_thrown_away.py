from django.db import migrations

# Whoever pledged, reviewed or reported finds what it was about: only what was never sent in goes.
STAYS = """
CREATE FUNCTION pledges_campaign_stays() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state <> 'draft' OR EXISTS (
        SELECT FROM audit_event e WHERE e.target_type = 'pledges.campaign'
            AND e.target_id = OLD.id::text AND e.verb = 'campaign.submitted'
    ) THEN
        RAISE EXCEPTION 'campaign %: only a draft that was never sent in is deleted', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'campaign_stays_once_sent_in';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER campaign_stays_once_sent_in BEFORE DELETE ON pledges_campaign
    FOR EACH ROW EXECUTE FUNCTION pledges_campaign_stays();
"""
UNDO = """
DROP TRIGGER campaign_stays_once_sent_in ON pledges_campaign;
DROP FUNCTION pledges_campaign_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0034_survey_reminders"), ("audit", "0006_roles_lapse")]

    operations = [migrations.RunSQL(STAYS, UNDO)]
