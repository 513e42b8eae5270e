from django.db import migrations

# What is taken back keeps its terms: it is asked when it begins or moves. Asked again at each note
# of a worker, the payout would be locked after the reversal, while all others lock it before.
ALLOWED = """
DROP TRIGGER payouts_reversal_allowed ON payouts_reversal;
CREATE TRIGGER payouts_reversal_allowed BEFORE INSERT ON payouts_reversal
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'approved', 'done'))
    EXECUTE FUNCTION payouts_reversal_allowed();
CREATE TRIGGER payouts_reversal_allowed_to_move BEFORE UPDATE ON payouts_reversal
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'approved', 'done') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION payouts_reversal_allowed();
"""
ALWAYS = """
DROP TRIGGER payouts_reversal_allowed_to_move ON payouts_reversal;
DROP TRIGGER payouts_reversal_allowed ON payouts_reversal;
CREATE TRIGGER payouts_reversal_allowed BEFORE INSERT OR UPDATE ON payouts_reversal
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'approved', 'done'))
    EXECUTE FUNCTION payouts_reversal_allowed();
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0006_milestone_guards")]

    operations = [migrations.RunSQL(ALLOWED, ALWAYS)]
