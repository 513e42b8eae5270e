from django.db import migrations

from civicfund.audit.constraints import frozen_columns

# An account is used once somebody other than its owner has approved it.
ACCOUNT_APPROVED = """
CREATE FUNCTION payouts_payoutaccount_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_actrequest r JOIN audit_approval a ON a.request_id = r.id
                   WHERE r.act = 'use_payout_account' AND r.target_type = 'payouts.payoutaccount'
                   AND r.target_id = NEW.id::text AND r.requested_by_id = NEW.user_id) THEN
        RAISE EXCEPTION 'payout account %: somebody else has to approve it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_payoutaccount_approved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_payoutaccount_approved BEFORE INSERT OR UPDATE ON payouts_payoutaccount
    FOR EACH ROW WHEN (NEW.approved_at IS NOT NULL)
    EXECUTE FUNCTION payouts_payoutaccount_approved();
"""
ACCOUNT_FREE = """
DROP TRIGGER payouts_payoutaccount_approved ON payouts_payoutaccount;
DROP FUNCTION payouts_payoutaccount_approved();
"""

# Two people, an approved account of the project's own proposer, and money that is there.
PAYOUT_ALLOWED = """
CREATE FUNCTION payouts_payout_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held bigint;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_actrequest r JOIN audit_approval a ON a.request_id = r.id
                   WHERE r.act = 'pay_out' AND r.target_type = 'payouts.payout'
                   AND r.target_id = NEW.id::text AND r.requested_by_id = NEW.requested_by_id) THEN
        RAISE EXCEPTION 'payout %: a second person has to approve it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_payout_two_people';
    END IF;
    IF NEW.account_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM payouts_payoutaccount k JOIN projects_project p ON p.proposer_id = k.user_id
        WHERE k.id = NEW.account_id AND p.id = NEW.project_id AND k.approved_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'payout %: not an approved account of the project''s owner', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_payout_account';
    END IF;
    SELECT -coalesce(sum(g.amount_minor), 0) INTO held FROM ledger_posting g
        JOIN ledger_account k ON k.id = g.account_id
        WHERE k.code = 'project_payable/' || NEW.project_id || '/' || NEW.source;
    IF NEW.amount_minor > held THEN
        RAISE EXCEPTION 'payout %: the books hold % for it', NEW.id, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_payout_within_the_books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_payout_allowed BEFORE UPDATE ON payouts_payout
    FOR EACH ROW WHEN (OLD.state = 'waiting' AND NEW.state = 'approved')
    EXECUTE FUNCTION payouts_payout_allowed();

CREATE FUNCTION payouts_payout_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payout %: it begins waiting, keeps what it is, and is never deleted',
        coalesce(NEW.id, OLD.id)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_payout_kept';
END $$;
CREATE TRIGGER payouts_payout_begins_waiting BEFORE INSERT ON payouts_payout
    FOR EACH ROW WHEN (NEW.state <> 'waiting') EXECUTE FUNCTION payouts_payout_refused();
CREATE TRIGGER payouts_payout_moves BEFORE UPDATE ON payouts_payout
    FOR EACH ROW WHEN ((OLD.state = 'waiting' AND NEW.state NOT IN ('waiting', 'approved', 'cancelled'))
        OR (OLD.state = 'approved' AND NEW.state NOT IN ('approved', 'paid', 'failed'))
        OR (OLD.state IN ('paid', 'failed', 'cancelled') AND NEW.state <> OLD.state)
        OR (OLD.transfer_id <> '' AND NEW.transfer_id <> OLD.transfer_id))
    EXECUTE FUNCTION payouts_payout_refused();
CREATE TRIGGER payouts_payout_kept BEFORE DELETE ON payouts_payout
    FOR EACH ROW EXECUTE FUNCTION payouts_payout_refused();
"""
PAYOUT_FREE = """
DROP TRIGGER payouts_payout_allowed ON payouts_payout;
DROP FUNCTION payouts_payout_allowed();
DROP TRIGGER payouts_payout_begins_waiting ON payouts_payout;
DROP TRIGGER payouts_payout_moves ON payouts_payout;
DROP TRIGGER payouts_payout_kept ON payouts_payout;
DROP FUNCTION payouts_payout_refused();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payouts", "0001_first_tables"),
        ("audit", "0003_guards"),
        ("ledger", "0002_guards"),
        ("projects", "0002_whole_points"),
    ]

    operations = [
        migrations.RunSQL(ACCOUNT_APPROVED, ACCOUNT_FREE),
        migrations.RunSQL(PAYOUT_ALLOWED, PAYOUT_FREE),
        frozen_columns(
            "payouts_payout",
            [
                "project_id",
                "source",
                "method",
                "account_id",
                "amount_minor",
                "currency",
                "requested_by_id",
                "created_at",
            ],
            once="TRUE",
        ),
        frozen_columns("payouts_payoutaccount", ["user_id", "request_key"], once="TRUE"),
    ]
