from django.db import migrations

# Never more back than was collected: what a bank took for good counts, too.
WITHIN_REACH = """
CREATE OR REPLACE FUNCTION pledges_refund_within_reach() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid pledges_pledge;
    others bigint;
BEGIN
    SELECT * INTO paid FROM pledges_pledge WHERE id = NEW.pledge_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0){lost} INTO others FROM pledges_refund
        WHERE pledge_id = NEW.pledge_id AND id <> NEW.id
        AND state IN ('waiting', 'planned', 'pending', 'succeeded');
    IF paid.state NOT IN ('collected', 'disputed', 'charged_back')
            OR paid.currency <> NEW.currency OR others + NEW.amount_minor > paid.amount_minor THEN
        RAISE EXCEPTION 'refund %: more than was collected', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_refund_within_reach';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.reason <> 'elsewhere' AND paid.state <> 'collected' THEN
        RAISE EXCEPTION 'refund %: a bank is deciding about the charge', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_refund_undisputed';
    END IF;
    RETURN NEW;
END $$;
"""
LOST = """ + coalesce((
            SELECT sum(d.amount_minor) FROM pledges_dispute d
            WHERE d.pledge_id = NEW.pledge_id AND d.state = 'lost'), 0)"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0026_replaced_cards")]

    operations = [
        migrations.RunSQL(WITHIN_REACH.replace("{lost}", LOST), WITHIN_REACH.replace("{lost}", ""))
    ]
