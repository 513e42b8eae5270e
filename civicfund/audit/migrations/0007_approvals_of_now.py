from django.db import migrations

# An approval that is dated ahead would be of a transaction that comes later, too.
AHEAD = """
    IF NEW.at > clock_timestamp() THEN
        RAISE EXCEPTION 'nobody agrees ahead of time'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_in_time';
    END IF;"""
IN_TIME = """
CREATE OR REPLACE FUNCTION audit_approval_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN{ahead}
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_actrequest:' || NEW.request_id, 0));
    IF EXISTS (SELECT FROM audit_withdrawal w WHERE w.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'this was taken back by whoever asked for it'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF EXISTS (
        SELECT FROM audit_actrequest r
        WHERE r.id = NEW.request_id AND r.target_type IN ('budgeting.cycle', 'people.user')
            AND (r.at <= clock_timestamp() - interval '7 days' OR r.at > clock_timestamp())
    ) THEN
        RAISE EXCEPTION 'this has lapsed: it was asked for more than seven days ago'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_roles_lapse")]

    operations = [
        migrations.RunSQL(IN_TIME.format(ahead=AHEAD), IN_TIME.format(ahead="")),
    ]
