from django.db import migrations

# Where a project has a plan, a payout is for a milestone of it that is reached.
NAMED = """
CREATE FUNCTION payouts_payout_names_milestone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM projects_project WHERE id = NEW.project_id FOR NO KEY UPDATE;
    IF NEW.milestone_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM delivery_milestone WHERE project_id = NEW.project_id) THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM delivery_milestone m
                   JOIN delivery_milestonereport r ON r.milestone_id = m.id
                   JOIN delivery_milestoneverdict v ON v.report_id = r.id
                   WHERE m.id = NEW.milestone_id AND m.project_id = NEW.project_id
                   AND v.confirmed) THEN
        RAISE EXCEPTION 'payout %: it is for no milestone of the project that is reached', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_payout_names_milestone';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_payout_names_milestone BEFORE INSERT ON payouts_payout
    FOR EACH ROW EXECUTE FUNCTION payouts_payout_names_milestone();
CREATE TRIGGER payouts_payout_keeps_milestone BEFORE UPDATE ON payouts_payout
    FOR EACH ROW WHEN (NEW.milestone_id IS DISTINCT FROM OLD.milestone_id)
    EXECUTE FUNCTION payouts_payout_refused();
"""
NOT_NAMED = """
DROP TRIGGER payouts_payout_names_milestone ON payouts_payout;
DROP FUNCTION payouts_payout_names_milestone();
DROP TRIGGER payouts_payout_keeps_milestone ON payouts_payout;
"""

# All that has left from a source is at most the share, up to the milestone, of all that came in.
WITHIN = """
CREATE FUNCTION payouts_payout_within_milestones() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    share bigint;
    held bigint;
    gone bigint;
BEGIN
    PERFORM 1 FROM projects_project WHERE id = NEW.project_id FOR NO KEY UPDATE;
    SELECT sum(m.share_percent) INTO share FROM delivery_milestone m
        JOIN delivery_milestone named ON named.project_id = m.project_id
            AND m.position <= named.position
        WHERE named.id = NEW.milestone_id;
    SELECT -coalesce(sum(g.amount_minor), 0) INTO held FROM ledger_posting g
        JOIN ledger_account k ON k.id = g.account_id
        WHERE k.code = 'project_payable/' || NEW.project_id || '/' || NEW.source;
    SELECT coalesce(sum(p.amount_minor), 0) - coalesce((
            SELECT sum(r.amount_minor) FROM payouts_reversal r
            JOIN payouts_payout q ON q.id = r.payout_id
            WHERE q.project_id = NEW.project_id AND q.source = NEW.source AND r.state = 'done'), 0)
        INTO gone FROM payouts_payout p
        WHERE p.project_id = NEW.project_id AND p.source = NEW.source
        AND p.state IN ('approved', 'paid');
    IF (gone + NEW.amount_minor) * 100 > (held + gone) * share THEN
        RAISE EXCEPTION 'payout %: its milestone lets % percent go', NEW.id, share
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_payout_within_milestones';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_payout_within_milestones BEFORE UPDATE ON payouts_payout
    FOR EACH ROW WHEN (OLD.state = 'waiting' AND NEW.state = 'approved'
                       AND NEW.milestone_id IS NOT NULL)
    EXECUTE FUNCTION payouts_payout_within_milestones();
"""
NOT_WITHIN = """
DROP TRIGGER payouts_payout_within_milestones ON payouts_payout;
DROP FUNCTION payouts_payout_within_milestones();
"""

# From the first payout that was asked for, the plan stays, also where there is none.
FIXED = """
CREATE FUNCTION payouts_plan_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    plan bigint := coalesce(NEW.project_id, OLD.project_id);
BEGIN
    PERFORM 1 FROM projects_project WHERE id = plan FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM payouts_payout WHERE project_id = plan) THEN
        RAISE EXCEPTION 'project %: money was asked for, its plan stays', plan
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payouts_plan_fixed';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER payouts_plan_fixed BEFORE INSERT OR UPDATE OR DELETE ON delivery_milestone
    FOR EACH ROW EXECUTE FUNCTION payouts_plan_fixed();
"""
NOT_FIXED = """
DROP TRIGGER payouts_plan_fixed ON delivery_milestone;
DROP FUNCTION payouts_plan_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0005_milestones"), ("delivery", "0002_guards")]

    operations = [
        migrations.RunSQL(NAMED, NOT_NAMED),
        migrations.RunSQL(WITHIN, NOT_WITHIN),
        migrations.RunSQL(FIXED, NOT_FIXED),
    ]
