from django.db import migrations

from civicfund.audit.constraints import append_only, frozen_columns

# A plan is whole at the end of each transaction, and stays once anything was said of it.
PLAN = """
CREATE FUNCTION delivery_plan_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    plan bigint := coalesce(NEW.project_id, OLD.project_id);
BEGIN
    IF (SELECT sum(share_percent) FROM delivery_milestone WHERE project_id = plan) <> 100 THEN
        RAISE EXCEPTION 'project %: the shares of its plan are not 100 together', plan
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_plan_whole';
    END IF;
    IF EXISTS (SELECT 1 FROM delivery_milestone a JOIN delivery_milestone b
               ON b.project_id = a.project_id AND b.position > a.position AND b.due_on < a.due_on
               WHERE a.project_id = plan) THEN
        RAISE EXCEPTION 'project %: the days of its plan are out of order', plan
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_plan_in_order';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER delivery_plan_whole AFTER INSERT OR UPDATE OR DELETE
    ON delivery_milestone DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION delivery_plan_whole();

CREATE FUNCTION delivery_plan_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    plan bigint := coalesce(NEW.project_id, OLD.project_id);
BEGIN
    PERFORM 1 FROM projects_project WHERE id = plan FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM delivery_milestonereport r JOIN delivery_milestone m
               ON m.id = r.milestone_id WHERE m.project_id = plan) THEN
        RAISE EXCEPTION 'project %: something was said of its plan, which stays', plan
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delivery_plan_fixed';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER delivery_plan_fixed BEFORE INSERT OR UPDATE OR DELETE ON delivery_milestone
    FOR EACH ROW EXECUTE FUNCTION delivery_plan_fixed();
"""
NO_PLAN = """
DROP TRIGGER delivery_plan_whole ON delivery_milestone;
DROP FUNCTION delivery_plan_whole();
DROP TRIGGER delivery_plan_fixed ON delivery_milestone;
DROP FUNCTION delivery_plan_fixed();
"""

# Its owner reports a milestone when the one before is reached, and once at a time.
REPORT = """
CREATE FUNCTION delivery_report_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step delivery_milestone;
BEGIN
    SELECT * INTO step FROM delivery_milestone WHERE id = NEW.milestone_id;
    PERFORM 1 FROM projects_project WHERE id = step.project_id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT 1 FROM projects_project
                   WHERE id = step.project_id AND proposer_id = NEW.by_id) THEN
        RAISE EXCEPTION 'milestone %: only the project''s owner reports it', step.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_report_by_owner';
    END IF;
    IF EXISTS (SELECT 1 FROM delivery_milestonereport r LEFT JOIN delivery_milestoneverdict v
               ON v.report_id = r.id
               WHERE r.milestone_id = step.id AND (v.id IS NULL OR v.confirmed)) THEN
        RAISE EXCEPTION 'milestone %: it is reported already', step.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_report_once';
    END IF;
    IF EXISTS (SELECT 1 FROM delivery_milestone m
               WHERE m.project_id = step.project_id AND m.position < step.position
               AND NOT EXISTS (SELECT 1 FROM delivery_milestonereport r
                               JOIN delivery_milestoneverdict v ON v.report_id = r.id
                               WHERE r.milestone_id = m.id AND v.confirmed)) THEN
        RAISE EXCEPTION 'milestone %: the one before is not reached', step.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_report_in_turn';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER delivery_report_allowed BEFORE INSERT ON delivery_milestonereport
    FOR EACH ROW EXECUTE FUNCTION delivery_report_allowed();
"""
NO_REPORT = """
DROP TRIGGER delivery_report_allowed ON delivery_milestonereport;
DROP FUNCTION delivery_report_allowed();
"""

# Somebody else than who reported it judges it; a yes is the approval of that report.
VERDICT = """
CREATE FUNCTION delivery_verdict_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM delivery_milestonereport
               WHERE id = NEW.report_id AND by_id = NEW.by_id)
       OR (NEW.confirmed AND NOT EXISTS (
        SELECT 1 FROM delivery_milestonereport m
        JOIN audit_actrequest r ON r.act = 'reach_milestone'
            AND r.target_type = 'delivery.milestonereport' AND r.target_id = m.id::text
            AND r.requested_by_id = m.by_id
        JOIN audit_approval a ON a.request_id = r.id AND a.approved_by_id = NEW.by_id
        WHERE m.id = NEW.report_id)) THEN
        RAISE EXCEPTION 'report %: somebody else has to judge it', NEW.report_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_verdict_two_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER delivery_verdict_two_people BEFORE INSERT ON delivery_milestoneverdict
    FOR EACH ROW EXECUTE FUNCTION delivery_verdict_two_people();
"""
NO_VERDICT = """
DROP TRIGGER delivery_verdict_two_people ON delivery_milestoneverdict;
DROP FUNCTION delivery_verdict_two_people();
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_first_tables"), ("audit", "0003_guards")]

    operations = [
        append_only("delivery_milestonereport"),
        append_only("delivery_milestoneverdict"),
        frozen_columns("delivery_milestone", ["project_id"], once="TRUE"),
        migrations.RunSQL(PLAN, NO_PLAN),
        migrations.RunSQL(REPORT, NO_REPORT),
        migrations.RunSQL(VERDICT, NO_VERDICT),
    ]
