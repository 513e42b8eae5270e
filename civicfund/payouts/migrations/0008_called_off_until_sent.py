from django.db import migrations

# An approved payout can be called off until it is sent; after that it can only be taken back.
MOVES = """
DROP TRIGGER payouts_payout_moves ON payouts_payout;
CREATE TRIGGER payouts_payout_moves BEFORE UPDATE ON payouts_payout
    FOR EACH ROW WHEN ((OLD.state = 'waiting' AND NEW.state NOT IN ('waiting', 'approved', 'cancelled'))
        OR (OLD.state = 'approved' AND NEW.state NOT IN ('approved', 'paid', 'failed'){more})
        OR (OLD.state IN ('paid', 'failed', 'cancelled') AND NEW.state <> OLD.state)
        OR (OLD.transfer_id <> '' AND NEW.transfer_id <> OLD.transfer_id))
    EXECUTE FUNCTION payouts_payout_refused();
"""
UNTIL_SENT = """
            AND NOT (NEW.state = 'cancelled' AND OLD.sent_at IS NULL AND NEW.sent_at IS NULL
                     AND NEW.transfer_id = '' AND NEW.bank_reference = '')"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0007_reversals_lock_after_payouts")]

    operations = [migrations.RunSQL(MOVES.format(more=UNTIL_SENT), MOVES.format(more=""))]
