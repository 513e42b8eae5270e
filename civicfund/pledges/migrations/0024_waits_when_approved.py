from django.db import migrations

# Asked when a payout is approved. One that was approved before is on its way in the books: what a
# later campaign collects is not touched by it, and workers note when they look again.
ASKED = """
DROP TRIGGER pledges_payout_waits ON payouts_payout;
CREATE TRIGGER pledges_payout_waits BEFORE {when}
    EXECUTE FUNCTION pledges_payout_waits();
"""
ONCE = """UPDATE ON payouts_payout FOR EACH ROW
    WHEN (NEW.source = 'pledges' AND NEW.state = 'approved' AND OLD.state <> 'approved')"""
ALWAYS = """INSERT OR UPDATE ON payouts_payout FOR EACH ROW
    WHEN (NEW.source = 'pledges' AND NEW.state = 'approved')"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0023_goals_reached_before")]

    operations = [migrations.RunSQL(ASKED.format(when=ONCE), ASKED.format(when=ALWAYS))]
