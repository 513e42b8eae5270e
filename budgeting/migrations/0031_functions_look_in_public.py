from django.db import migrations

# PostgreSQL looks for a table among a session's temporary ones first, unless a function says that
# they come last. What runs with the owner's rights, and what asks whether two people agreed, says
# so: nobody's temporary table stands in for one of ours.
LOOK_IN_PUBLIC = """
DO $$
DECLARE
    found regprocedure;
BEGIN
    FOR found IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
            AND pg_get_userbyid(p.proowner) = current_user
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'
                AND d.classid = 'pg_proc'::regclass)
            AND (p.prosecdef OR p.prorettype = 'trigger'::regtype
                AND p.prosrc ~ 'audit_(approval|actrequest)')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', found);
    END LOOP;
END $$;
"""

# The application's role makes no table, not even a temporary one; this one is the owner's, and goes
# with the transaction. Choices are in it without a trace of where they came from.
UNSEALED = """
CREATE FUNCTION budgeting_make_unsealed() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.budgeting_unsealed;
    CREATE TEMPORARY TABLE budgeting_unsealed (choices jsonb NOT NULL, on_paper boolean NOT NULL)
        ON COMMIT DROP;
    EXECUTE format('GRANT SELECT, INSERT ON pg_temp.budgeting_unsealed TO %I', session_user);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_what_is_followed"),
        ("budgeting", "0030_keying_anew"),
        ("complaints", "0005_told_that_it_is_late"),
        ("delivery", "0003_by_nobody_erased"),
        ("payouts", "0006_milestone_guards"),
        ("people", "0013_complaints_moved"),
        ("pledges", "0022_survey_guards"),
        ("projects", "0015_what_co_authors_do"),
        ("reconciliation", "0004_explanation_guards"),
    ]

    operations = [
        migrations.RunSQL(LOOK_IN_PUBLIC, migrations.RunSQL.noop),
        migrations.RunSQL(UNSEALED, "DROP FUNCTION budgeting_make_unsealed();"),
    ]
