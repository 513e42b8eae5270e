from django.db import migrations

from civicfund.audit.constraints import frozen_columns

ONCE = """
CREATE FUNCTION budgeting_mailing_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'mailing %: % is not followed by %', OLD.id, OLD.state, NEW.state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'mailing_never_again';
END $$;
CREATE TRIGGER mailing_never_again BEFORE UPDATE ON budgeting_mailing FOR EACH ROW
    WHEN (NEW.state IS DISTINCT FROM OLD.state
        AND (NEW.state = 'waiting' OR OLD.state NOT IN ('waiting', 'taken')))
    EXECUTE FUNCTION budgeting_mailing_once();
"""
ONCE_UNDONE = """
DROP TRIGGER mailing_never_again ON budgeting_mailing;
DROP FUNCTION budgeting_mailing_once();
"""


class Migration(migrations.Migration):
    dependencies = [("budgeting", "0026_announcements")]

    operations = [
        frozen_columns(
            "budgeting_announcement",
            ["cycle_id", "subject", "body"],
            once="OLD.state <> 'draft'",
        ),
        migrations.RunSQL(ONCE, ONCE_UNDONE),
    ]
