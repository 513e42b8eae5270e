from django.db import migrations

# A cycle is called off as two people agreed: in the state that it was in when one of them asked,
# and for that reason. Whoever would drop a draft has not said that ballots shall be dropped.
CANCELLED_AS_ASKED = """
CREATE FUNCTION budgeting_cancelled_as_asked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE r.act = 'cycle.cancel' AND r.target_type = 'budgeting.cycle'
            AND r.target_id = NEW.id::text
            AND r.parameters ->> 'state' = OLD.state
            AND r.parameters ->> 'reason' = NEW.cancel_reason
    ) THEN
        RAISE EXCEPTION 'a cycle is cancelled as it was when that was asked for, for that reason'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cycle_cancelled_as_asked';
    END IF;
    RETURN NEW;
END $$;
-- Its name comes after that of the moves, which are looked at first.
CREATE TRIGGER cycle_cancelled_as_asked BEFORE UPDATE OF state ON budgeting_cycle
    FOR EACH ROW WHEN (NEW.state = 'cancelled' AND OLD.state <> 'cancelled')
    EXECUTE FUNCTION budgeting_cancelled_as_asked();
"""
CANCELLED_AS_ASKED_UNDONE = """
DROP TRIGGER cycle_cancelled_as_asked ON budgeting_cycle;
DROP FUNCTION budgeting_cancelled_as_asked();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0005_withdrawals"),
        ("budgeting", "0035_options_on_board"),
    ]

    operations = [migrations.RunSQL(CANCELLED_AS_ASKED, CANCELLED_AS_ASKED_UNDONE)]
