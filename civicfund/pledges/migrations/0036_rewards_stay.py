from django.db import migrations

# From its review on people decide on what a reward says. Only how many are taken is counted; while
# it is live more may be added, and nothing while somebody reviews it or it is stopped.
STAY = """
CREATE FUNCTION pledges_reward_stays() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    reward pledges_reward := coalesce(OLD, NEW);
    now_is text := (SELECT state FROM pledges_campaign c WHERE c.id = reward.campaign_id);
BEGIN
    IF now_is IN ('submitted', 'approved', 'suspended', 'closing')
        OR (TG_OP <> 'INSERT' AND now_is NOT IN ('draft', 'changes_requested'))
    THEN
        RAISE EXCEPTION 'campaign %: its rewards stay as they were reviewed', reward.campaign_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reward_stays_once_reviewed';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reward_added_or_gone BEFORE INSERT OR DELETE ON pledges_reward
    FOR EACH ROW EXECUTE FUNCTION pledges_reward_stays();
CREATE TRIGGER reward_stays_once_reviewed BEFORE UPDATE ON pledges_reward FOR EACH ROW
    WHEN ((NEW.id, NEW.campaign_id, NEW.kind, NEW.position, NEW.title, NEW.description,
           NEW.amount_minor, NEW."limit", NEW.delivered_from, NEW.handover)
          IS DISTINCT FROM
          (OLD.id, OLD.campaign_id, OLD.kind, OLD.position, OLD.title, OLD.description,
           OLD.amount_minor, OLD."limit", OLD.delivered_from, OLD.handover))
    EXECUTE FUNCTION pledges_reward_stays();
"""
UNDO = """
DROP TRIGGER reward_stays_once_reviewed ON pledges_reward;
DROP TRIGGER reward_added_or_gone ON pledges_reward;
DROP FUNCTION pledges_reward_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0035_drafts_thrown_away")]

    operations = [migrations.RunSQL(STAY, UNDO)]
