from django.db import migrations

from civicfund.audit.constraints import frozen_columns

# Which share has to be collected is a term like goal and deadline.
FROZEN_TERMS = """
DROP TRIGGER pledges_campaign_frozen ON pledges_campaign;
CREATE TRIGGER pledges_campaign_frozen BEFORE UPDATE ON pledges_campaign FOR EACH ROW
    WHEN (NEW.goal_minor IS DISTINCT FROM OLD.goal_minor
          OR NEW.deadline_at IS DISTINCT FROM OLD.deadline_at
          OR NEW.deadline_tz IS DISTINCT FROM OLD.deadline_tz
          OR NEW.short_policy IS DISTINCT FROM OLD.short_policy{more}
          OR NEW.currency IS DISTINCT FROM OLD.currency
          OR NEW.project_id IS DISTINCT FROM OLD.project_id)
    EXECUTE FUNCTION pledges_campaign_frozen();
"""
FLOOR_TOO = " OR NEW.floor_percent IS DISTINCT FROM OLD.floor_percent"

# Never more back than was collected, and none that starts while a bank decides.
WITHIN_REACH = """
CREATE FUNCTION pledges_refund_within_reach() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid pledges_pledge;
    others bigint;
BEGIN
    SELECT * INTO paid FROM pledges_pledge WHERE id = NEW.pledge_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO others FROM pledges_refund
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
CREATE TRIGGER pledges_refund_within_reach BEFORE INSERT OR UPDATE ON pledges_refund
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'planned', 'pending', 'succeeded'))
    EXECUTE FUNCTION pledges_refund_within_reach();
"""
OUT_OF_REACH = """
DROP TRIGGER pledges_refund_within_reach ON pledges_refund;
DROP FUNCTION pledges_refund_within_reach();
"""

# Who may let a refund go: the campaign's own policy, two people for a campaign or for a refund,
# or one person within what they may refund alone in a day.
TWO_PEOPLE = """
CREATE FUNCTION pledges_refund_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    alone bigint;
BEGIN
    IF NEW.reason = 'elsewhere' AND NEW.refund_id <> '' THEN
        RETURN NEW;
    END IF;
    IF NEW.requested_by_id IS NULL THEN
        IF EXISTS (SELECT 1 FROM pledges_pledge p JOIN pledges_campaign c ON c.id = p.campaign_id
                   WHERE p.id = NEW.pledge_id AND c.state = 'failed_short') THEN
            RETURN NEW;
        END IF;
    ELSIF NEW.batch_id IS NOT NULL THEN
        IF EXISTS (SELECT 1 FROM pledges_refundbatch b
                   JOIN pledges_pledge p ON p.campaign_id = b.campaign_id
                   WHERE b.id = NEW.batch_id AND p.id = NEW.pledge_id AND b.state = 'running') THEN
            RETURN NEW;
        END IF;
    ELSIF EXISTS (SELECT 1 FROM audit_actrequest r JOIN audit_approval a ON a.request_id = r.id
                  WHERE r.act = 'refund' AND r.target_type = 'pledges.refund'
                  AND r.target_id = NEW.id::text AND r.requested_by_id = NEW.requested_by_id) THEN
        RETURN NEW;
    ELSE
        PERFORM pg_advisory_xact_lock(hashtext('pledges_refund'), hashtext(NEW.requested_by_id::text));
        SELECT coalesce(sum(f.amount_minor), 0) INTO alone FROM pledges_refund f
            WHERE f.requested_by_id = NEW.requested_by_id AND f.id <> NEW.id
            AND f.batch_id IS NULL AND f.state IN ('planned', 'pending', 'succeeded')
            AND f.created_at > clock_timestamp() - interval '24 hours'
            AND NOT EXISTS (SELECT 1 FROM audit_actrequest r
                            JOIN audit_approval a ON a.request_id = r.id
                            WHERE r.act = 'refund' AND r.target_type = 'pledges.refund'
                            AND r.target_id = f.id::text);
        IF alone + NEW.amount_minor <= NEW.alone_limit_minor THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'refund %: a second person has to approve it', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_refund_two_people';
END $$;
CREATE TRIGGER pledges_refund_two_people_new BEFORE INSERT ON pledges_refund
    FOR EACH ROW WHEN (NEW.state NOT IN ('waiting', 'cancelled'))
    EXECUTE FUNCTION pledges_refund_two_people();
CREATE TRIGGER pledges_refund_two_people BEFORE UPDATE ON pledges_refund
    FOR EACH ROW WHEN (OLD.state IN ('waiting', 'cancelled')
                       AND NEW.state NOT IN ('waiting', 'cancelled'))
    EXECUTE FUNCTION pledges_refund_two_people();

CREATE FUNCTION pledges_refundbatch_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_actrequest r JOIN audit_approval a ON a.request_id = r.id
                   WHERE r.act = 'refund_campaign' AND r.target_type = 'pledges.refundbatch'
                   AND r.target_id = NEW.id::text AND r.requested_by_id = NEW.requested_by_id) THEN
        RAISE EXCEPTION 'refund of a campaign %: a second person has to approve it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_refundbatch_two_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_refundbatch_two_people BEFORE INSERT OR UPDATE ON pledges_refundbatch
    FOR EACH ROW WHEN (NEW.state IN ('running', 'done'))
    EXECUTE FUNCTION pledges_refundbatch_two_people();
"""
ONE_PERSON = """
DROP TRIGGER pledges_refund_two_people_new ON pledges_refund;
DROP TRIGGER pledges_refund_two_people ON pledges_refund;
DROP FUNCTION pledges_refund_two_people();
DROP TRIGGER pledges_refundbatch_two_people ON pledges_refundbatch;
DROP FUNCTION pledges_refundbatch_two_people();
"""

# A refund keeps its id at the provider, and neither it nor a dispute is ever deleted.
KEPT = """
CREATE FUNCTION pledges_refund_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % is kept as it is', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'pledges_refund_kept';
END $$;
CREATE TRIGGER pledges_refund_id_kept BEFORE UPDATE ON pledges_refund FOR EACH ROW
    WHEN (OLD.refund_id <> '' AND NEW.refund_id <> OLD.refund_id)
    EXECUTE FUNCTION pledges_refund_kept();
CREATE TRIGGER pledges_refund_kept BEFORE DELETE ON pledges_refund
    FOR EACH ROW EXECUTE FUNCTION pledges_refund_kept();
CREATE TRIGGER pledges_refundbatch_kept BEFORE DELETE ON pledges_refundbatch
    FOR EACH ROW EXECUTE FUNCTION pledges_refund_kept();
CREATE TRIGGER pledges_dispute_kept BEFORE DELETE ON pledges_dispute
    FOR EACH ROW EXECUTE FUNCTION pledges_refund_kept();
"""
NOT_KEPT = """
DROP TRIGGER pledges_refund_id_kept ON pledges_refund;
DROP TRIGGER pledges_refund_kept ON pledges_refund;
DROP TRIGGER pledges_refundbatch_kept ON pledges_refundbatch;
DROP TRIGGER pledges_dispute_kept ON pledges_dispute;
DROP FUNCTION pledges_refund_kept();
"""

REFUND_TERMS = [
    "pledge_id",
    "batch_id",
    "amount_minor",
    "currency",
    "reason",
    "requested_by_id",
    "alone_limit_minor",
    "created_at",
]


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0004_refunds_and_disputes"),
        ("audit", "0003_guards"),
    ]

    operations = [
        migrations.RunSQL(
            FROZEN_TERMS.replace("{more}", FLOOR_TOO), FROZEN_TERMS.replace("{more}", "")
        ),
        migrations.RunSQL(WITHIN_REACH, OUT_OF_REACH),
        migrations.RunSQL(TWO_PEOPLE, ONE_PERSON),
        migrations.RunSQL(KEPT, NOT_KEPT),
        frozen_columns("pledges_refund", REFUND_TERMS, once="TRUE"),
        frozen_columns(
            "pledges_refundbatch", ["campaign_id", "reason", "requested_by_id"], once="TRUE"
        ),
        frozen_columns("pledges_dispute", ["pledge_id", "amount_minor", "currency"], once="TRUE"),
    ]
