from django.db import migrations

from civicfund.audit.constraints import frozen_columns

# Two people, and never more than was transferred. One made at the provider by hand is noted as it
# was found: by nobody here, done, with the provider's id.
ALLOWED = """
CREATE FUNCTION payouts_reversal_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid payouts_payout;
    others bigint;
BEGIN
    SELECT * INTO paid FROM payouts_payout WHERE id = NEW.payout_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO others FROM payouts_reversal
        WHERE payout_id = NEW.payout_id AND id <> NEW.id
        AND state IN ('waiting', 'approved', 'done');
    IF paid.state <> 'paid' OR paid.transfer_id = '' OR paid.currency <> NEW.currency
            OR others + NEW.amount_minor > paid.amount_minor THEN
        RAISE EXCEPTION 'reversal %: more than was transferred', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_reversal_within_reach';
    END IF;
    IF NEW.requested_by_id IS NULL THEN
        IF NEW.state = 'done' AND NEW.reversal_id <> '' THEN
            RETURN NEW;
        END IF;
    ELSIF NEW.state = 'waiting' OR EXISTS (
        SELECT 1 FROM audit_actrequest r JOIN audit_approval a ON a.request_id = r.id
        WHERE r.act = 'take_back_payout' AND r.target_type = 'payouts.reversal'
        AND r.target_id = NEW.id::text AND r.requested_by_id = NEW.requested_by_id
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'reversal %: a second person has to approve it', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_reversal_two_people';
END $$;
CREATE TRIGGER payouts_reversal_allowed BEFORE INSERT OR UPDATE ON payouts_reversal
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'approved', 'done'))
    EXECUTE FUNCTION payouts_reversal_allowed();

CREATE FUNCTION payouts_reversal_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'reversal %: it moves as it may, keeps what it is, and is never deleted',
        coalesce(NEW.id, OLD.id)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_reversal_kept';
END $$;
CREATE TRIGGER payouts_reversal_moves BEFORE UPDATE ON payouts_reversal
    FOR EACH ROW WHEN ((OLD.state = 'waiting' AND NEW.state NOT IN ('waiting', 'approved', 'cancelled'))
        OR (OLD.state = 'approved' AND NEW.state NOT IN ('approved', 'done', 'failed'))
        OR (OLD.state IN ('done', 'failed', 'cancelled') AND NEW.state <> OLD.state)
        OR (OLD.reversal_id <> '' AND NEW.reversal_id <> OLD.reversal_id))
    EXECUTE FUNCTION payouts_reversal_refused();
CREATE TRIGGER payouts_reversal_kept BEFORE DELETE ON payouts_reversal
    FOR EACH ROW EXECUTE FUNCTION payouts_reversal_refused();
"""
FREE = """
DROP TRIGGER payouts_reversal_allowed ON payouts_reversal;
DROP FUNCTION payouts_reversal_allowed();
DROP TRIGGER payouts_reversal_moves ON payouts_reversal;
DROP TRIGGER payouts_reversal_kept ON payouts_reversal;
DROP FUNCTION payouts_reversal_refused();
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0003_reversals"), ("audit", "0003_guards")]

    operations = [
        migrations.RunSQL(ALLOWED, FREE),
        frozen_columns(
            "payouts_reversal",
            ["payout_id", "amount_minor", "currency", "requested_by_id", "created_at"],
            once="TRUE",
        ),
    ]
