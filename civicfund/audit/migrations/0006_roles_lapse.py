from django.db import migrations

# As ``LAPSES_AFTER`` has it: what was asked for on a cycle or a person is agreed to in seven days.
IN_TIME = """
CREATE OR REPLACE FUNCTION audit_approval_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_actrequest:' || NEW.request_id, 0));
    IF EXISTS (SELECT FROM audit_withdrawal w WHERE w.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'this was taken back by whoever asked for it'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF EXISTS (
        SELECT FROM audit_actrequest r
        WHERE r.id = NEW.request_id AND r.target_type IN ({types})
            AND (r.at <= clock_timestamp() - interval '7 days' OR r.at > clock_timestamp())
    ) THEN
        RAISE EXCEPTION 'this has lapsed: it was asked for more than seven days ago'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_withdrawals")]

    operations = [
        migrations.RunSQL(
            IN_TIME.format(types="'budgeting.cycle', 'people.user'"),
            IN_TIME.format(types="'budgeting.cycle'"),
        ),
    ]
