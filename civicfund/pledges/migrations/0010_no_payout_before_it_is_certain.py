from django.db import migrations

# What backers may still get back is not paid to the project.
WAITS = """
CREATE FUNCTION pledges_payout_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pledges_campaign c WHERE c.project_id = NEW.project_id
               AND c.floor_percent IS NOT NULL
               AND c.state IN ('funded', 'collecting', 'recovering', 'failed_short')) THEN
        RAISE EXCEPTION 'payout %: backers may still get this money back', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pledges_payout_waits';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pledges_payout_waits BEFORE INSERT OR UPDATE ON payouts_payout FOR EACH ROW
    WHEN (NEW.source = 'pledges' AND NEW.state = 'approved')
    EXECUTE FUNCTION pledges_payout_waits();
"""
GOES = """
DROP TRIGGER pledges_payout_waits ON payouts_payout;
DROP FUNCTION pledges_payout_waits();
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0009_choice_guards"), ("payouts", "0002_guards")]

    operations = [migrations.RunSQL(WAITS, GOES)]
