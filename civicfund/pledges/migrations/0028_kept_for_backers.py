from django.db import migrations

# What backers may still get back is not paid to the project: none of its money while that is
# uncertain, or while a campaign is being given back; and never what is left to give back of one
# that collected too little, as where a refund has come back, whatever a later campaign has brought.
WAITS = """
CREATE OR REPLACE FUNCTION pledges_payout_waits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held bigint;
    kept bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM pledges_campaign c WHERE c.project_id = NEW.project_id
               AND c.floor_percent IS NOT NULL
               AND c.state IN ('funded', 'collecting', 'recovering', 'failed_short'))
       OR EXISTS (SELECT 1 FROM pledges_refundbatch b JOIN pledges_campaign c ON c.id = b.campaign_id
                  WHERE c.project_id = NEW.project_id AND b.state = 'running') THEN
        RAISE EXCEPTION 'payout %: backers may still get this money back', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_payout_waits';
    END IF;
    SELECT coalesce(sum(greatest(0, p.amount_minor - gone.amount)
                        - p.amount_minor * c.town_fee_thousandths / 1000
                        - p.project_fee_minor + gone.fees), 0) INTO kept
        FROM pledges_pledge p JOIN pledges_campaign c ON c.id = p.campaign_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(g.amount_minor), 0) AS amount,
                   coalesce(sum(g.town_fee_minor + g.provider_fee_minor), 0) AS fees
            FROM (SELECT amount_minor, town_fee_minor, provider_fee_minor FROM pledges_refund
                  WHERE pledge_id = p.id AND state IN ('waiting', 'planned', 'pending', 'succeeded')
                  UNION ALL
                  SELECT amount_minor, town_fee_minor, provider_fee_minor FROM pledges_dispute
                  WHERE pledge_id = p.id AND state = 'lost') g) gone
        WHERE c.project_id = NEW.project_id AND c.state = 'refunded'
            AND p.state = 'collected' AND gone.amount < p.amount_minor;
    SELECT -coalesce(sum(g.amount_minor), 0) INTO held FROM ledger_posting g
        JOIN ledger_account k ON k.id = g.account_id
        WHERE k.code = 'project_payable/' || NEW.project_id || '/pledges';
    IF kept > 0 AND NEW.amount_minor > held - kept THEN
        RAISE EXCEPTION 'payout %: % of it is to go back to backers', NEW.id, kept
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_payout_waits';
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION pledges_payout_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pledges_campaign c WHERE c.project_id = NEW.project_id
               AND c.floor_percent IS NOT NULL
               AND c.state IN ('funded', 'collecting', 'recovering', 'failed_short')) THEN
        RAISE EXCEPTION 'payout %: backers may still get this money back', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_payout_waits';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0027_disputed_in_part"), ("ledger", "0002_guards")]

    operations = [migrations.RunSQL(WAITS, BEFORE)]
