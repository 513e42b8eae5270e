from django.db import migrations

# A campaign goes live once whoever runs it can be paid: the town, or a proposer whose account that
# was approved last is active at the provider, as it was read last. Who runs it is known from its
# review on.
GATE = """
CREATE FUNCTION pledges_campaign_owner_can_be_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF 'active' IS DISTINCT FROM (
        SELECT k.status FROM payouts_payoutaccount k
        JOIN projects_project p ON p.proposer_id = k.user_id
        WHERE p.id = NEW.project_id AND k.approved_at IS NOT NULL
        ORDER BY k.approved_at DESC LIMIT 1
    ) THEN
        RAISE EXCEPTION 'campaign %: whoever runs it cannot be paid yet', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_campaign_owner_can_be_paid';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_campaign_owner_can_be_paid BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN (NEW.state = 'live' AND OLD.state = 'approved' AND NEW.run_by = 'proposer')
    EXECUTE FUNCTION pledges_campaign_owner_can_be_paid();
CREATE TRIGGER pledges_campaign_born_with_an_owner BEFORE INSERT ON pledges_campaign FOR EACH ROW
    WHEN (NEW.state = 'live' AND NEW.run_by = 'proposer')
    EXECUTE FUNCTION pledges_campaign_owner_can_be_paid();

CREATE FUNCTION pledges_campaign_run_by_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'campaign %: who runs it stays from its review on', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_campaign_run_by_kept';
END $$;
CREATE TRIGGER pledges_campaign_run_by_kept BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN (NEW.run_by <> OLD.run_by AND OLD.state NOT IN ('draft', 'changes_requested'))
    EXECUTE FUNCTION pledges_campaign_run_by_kept();
"""
OPEN = """
DROP TRIGGER pledges_campaign_run_by_kept ON pledges_campaign;
DROP FUNCTION pledges_campaign_run_by_kept();
DROP TRIGGER pledges_campaign_born_with_an_owner ON pledges_campaign;
DROP TRIGGER pledges_campaign_owner_can_be_paid ON pledges_campaign;
DROP FUNCTION pledges_campaign_owner_can_be_paid();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0013_who_runs_it"),
        ("payouts", "0002_guards"),
        ("projects", "0002_whole_points"),
    ]

    operations = [migrations.RunSQL(GATE, OPEN)]
