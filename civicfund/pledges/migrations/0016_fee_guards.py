from django.db import migrations

# Fees are as they were when the campaign was sent for review.
CAMPAIGN_KEPT = """
CREATE FUNCTION pledges_campaign_fees_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'campaign %: its fees stay from its review on', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_campaign_fees_kept';
END $$;
CREATE TRIGGER pledges_campaign_fees_kept BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN ((NEW.town_fee_thousandths <> OLD.town_fee_thousandths
           OR NEW.provider_fee_by <> OLD.provider_fee_by)
          AND OLD.state NOT IN ('draft', 'changes_requested'))
    EXECUTE FUNCTION pledges_campaign_fees_kept();
"""
CAMPAIGN_FREE = """
DROP TRIGGER pledges_campaign_fees_kept ON pledges_campaign;
DROP FUNCTION pledges_campaign_fees_kept();
"""

# Who bore which fee is in the books: once noted, it stays.
NOTED = """
CREATE FUNCTION pledges_fees_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: its fees are in the books', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_fees_noted';
END $$;
CREATE TRIGGER pledges_pledge_fee_noted BEFORE UPDATE ON pledges_pledge FOR EACH ROW
    WHEN (OLD.fee_minor IS NOT NULL AND (NEW.fee_minor IS DISTINCT FROM OLD.fee_minor
                                         OR NEW.project_fee_minor <> OLD.project_fee_minor))
    EXECUTE FUNCTION pledges_fees_noted();
CREATE TRIGGER pledges_refund_fees_noted BEFORE UPDATE ON pledges_refund FOR EACH ROW
    WHEN (OLD.town_fee_minor IS NOT NULL
          AND (NEW.town_fee_minor IS DISTINCT FROM OLD.town_fee_minor
               OR NEW.provider_fee_minor IS DISTINCT FROM OLD.provider_fee_minor))
    EXECUTE FUNCTION pledges_fees_noted();
CREATE TRIGGER pledges_dispute_fees_noted BEFORE UPDATE ON pledges_dispute FOR EACH ROW
    WHEN (OLD.town_fee_minor IS NOT NULL
          AND (NEW.town_fee_minor IS DISTINCT FROM OLD.town_fee_minor
               OR NEW.provider_fee_minor IS DISTINCT FROM OLD.provider_fee_minor))
    EXECUTE FUNCTION pledges_fees_noted();
"""
UNNOTED = """
DROP TRIGGER pledges_dispute_fees_noted ON pledges_dispute;
DROP TRIGGER pledges_refund_fees_noted ON pledges_refund;
DROP TRIGGER pledges_pledge_fee_noted ON pledges_pledge;
DROP FUNCTION pledges_fees_noted();
"""

# A fee that the project bears is taken off before anything is paid out.
FEES_KNOWN = """
CREATE FUNCTION pledges_payout_fees_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pledges_pledge p JOIN pledges_campaign c ON c.id = p.campaign_id
               WHERE c.project_id = NEW.project_id AND c.provider_fee_by = 'project'
               AND p.state IN ('collected', 'disputed', 'charged_back')
               AND p.fee_minor IS NULL) THEN
        RAISE EXCEPTION 'payout %: a fee that the project bears is not known yet', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_payout_fees_known';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_payout_fees_known BEFORE UPDATE ON payouts_payout FOR EACH ROW
    WHEN (NEW.source = 'pledges' AND NEW.state = 'approved' AND OLD.state = 'waiting')
    EXECUTE FUNCTION pledges_payout_fees_known();
"""
FEES_UNKNOWN = """
DROP TRIGGER pledges_payout_fees_known ON payouts_payout;
DROP FUNCTION pledges_payout_fees_known();
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0015_fees"), ("payouts", "0002_guards")]

    operations = [
        migrations.RunSQL(CAMPAIGN_KEPT, CAMPAIGN_FREE),
        migrations.RunSQL(NOTED, UNNOTED),
        migrations.RunSQL(FEES_KNOWN, FEES_UNKNOWN),
    ]
