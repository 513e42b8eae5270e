import django.db.models.deletion
from django.db import migrations, models

# Roles that somebody gave before have no approval, and stay. The approval is of this transaction:
# one that has given a role before, which was taken since, gives it no second time.
BY_TWO = """
CREATE FUNCTION people_rolegrant_by_two() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a role is given and taken, and not changed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'people_rolegrant_by_two';
    END IF;
    IF NEW.granted_by_id IS NULL AND NEW.approval_id IS NULL THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_approval a JOIN audit_actrequest r ON r.id = a.request_id
        WHERE a.id = NEW.approval_id
            AND a.at >= transaction_timestamp()
            AND a.requested_by_id = NEW.granted_by_id
            AND r.act = 'role.give'
            AND r.target_type = 'people.user'
            AND r.target_id = NEW.user_id::text
            AND r.parameters ->> 'role' = NEW.role
    ) THEN
        RAISE EXCEPTION 'a role is given by two people: one asks, and another agrees'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'people_rolegrant_by_two';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_rolegrant_by_two BEFORE INSERT OR UPDATE ON people_rolegrant
    FOR EACH ROW EXECUTE FUNCTION people_rolegrant_by_two();
"""
BY_ONE = """
DROP TRIGGER people_rolegrant_by_two ON people_rolegrant;
DROP FUNCTION people_rolegrant_by_two();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_roles_lapse"), ("people", "0014_born_by")]

    operations = [
        migrations.CreateModel(
            name="RoleRequest",
            fields=[],
            options={
                "verbose_name": "role that was asked for",
                "verbose_name_plural": "roles that were asked for",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("audit.actrequest",),
        ),
        migrations.AddField(
            model_name="rolegrant",
            name="approval",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="audit.approval",
            ),
        ),
        migrations.RunSQL(BY_TWO, BY_ONE),
    ]
