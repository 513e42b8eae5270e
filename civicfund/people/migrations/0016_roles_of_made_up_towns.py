from django.db import migrations

# Only the owner of the database says that a town is made up; a real one never is.
REAL = """
CREATE FUNCTION people_town_is_made_up() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS 'SELECT false';
"""
NEITHER = "DROP FUNCTION people_town_is_made_up();"

# Nobody gives a role but in a made-up town. The approval is of this transaction, so that one which
# has given a role before, taken since, gives it no second time; and of two who may, still.
BY_TWO = """
CREATE OR REPLACE FUNCTION people_rolegrant_by_two() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a role is given and taken, and not changed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'people_rolegrant_by_two';
    END IF;
    IF NEW.granted_by_id IS NULL AND NEW.approval_id IS NULL AND people_town_is_made_up() THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_approval a
        JOIN audit_actrequest r ON r.id = a.request_id
        JOIN people_user asker ON asker.id = a.requested_by_id
        JOIN people_user second ON second.id = a.approved_by_id
        WHERE a.id = NEW.approval_id
            AND a.at BETWEEN transaction_timestamp() AND clock_timestamp()
            AND a.requested_by_id = NEW.granted_by_id
            AND asker.is_superuser AND asker.is_active
            AND second.is_superuser AND second.is_active
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
"""
BY_TWO_BEFORE = """
CREATE OR REPLACE FUNCTION people_rolegrant_by_two() RETURNS trigger
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
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_approvals_of_now"), ("people", "0015_roles_by_two")]

    operations = [
        migrations.RunSQL(REAL, NEITHER),
        migrations.RunSQL(BY_TWO, BY_TWO_BEFORE),
    ]
