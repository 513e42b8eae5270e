import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from civicfund.audit.constraints import append_only

# A request is agreed to or taken back, never both: the two take turns. What was asked for on a
# cycle is agreed to within seven days (LAPSES_AFTER), since nobody remembers it later.
IN_TIME = """
ALTER TABLE audit_withdrawal ADD CONSTRAINT withdrawal_of_its_request
    FOREIGN KEY (request_id, requested_by_id)
    REFERENCES audit_actrequest (id, requested_by_id);

CREATE FUNCTION audit_approval_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_actrequest:' || NEW.request_id, 0));
    IF EXISTS (SELECT FROM audit_withdrawal w WHERE w.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'this was taken back by whoever asked for it'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF EXISTS (
        SELECT FROM audit_actrequest r
        WHERE r.id = NEW.request_id AND r.target_type = 'budgeting.cycle'
            AND (r.at <= clock_timestamp() - interval '7 days' OR r.at > clock_timestamp())
    ) THEN
        RAISE EXCEPTION 'this has lapsed: it was asked for more than seven days ago'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_in_time BEFORE INSERT ON audit_approval
    FOR EACH ROW EXECUTE FUNCTION audit_approval_in_time();

CREATE FUNCTION audit_withdrawal_in_time() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_actrequest:' || NEW.request_id, 0));
    IF EXISTS (SELECT FROM audit_approval a WHERE a.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'what somebody has agreed to is not taken back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'withdrawal_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER withdrawal_in_time BEFORE INSERT ON audit_withdrawal
    FOR EACH ROW EXECUTE FUNCTION audit_withdrawal_in_time();
"""
IN_TIME_UNDONE = """
DROP TRIGGER withdrawal_in_time ON audit_withdrawal;
DROP FUNCTION audit_withdrawal_in_time();
DROP TRIGGER approval_in_time ON audit_approval;
DROP FUNCTION audit_approval_in_time();
ALTER TABLE audit_withdrawal DROP CONSTRAINT withdrawal_of_its_request;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_what_is_followed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawal",
                        to="audit.actrequest",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        append_only("audit_withdrawal"),
        migrations.RunSQL(IN_TIME, IN_TIME_UNDONE),
    ]
