from django.db import migrations

# A refund's terms never change, so it is within reach from when it counts on. Asked again at each
# note of a worker, the pledge would be locked after the refund, while all others lock it before.
WITHIN = """
DROP TRIGGER pledges_refund_within_reach ON pledges_refund;
CREATE TRIGGER pledges_refund_within_reach BEFORE INSERT ON pledges_refund
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'planned', 'pending', 'succeeded'))
    EXECUTE FUNCTION pledges_refund_within_reach();
CREATE TRIGGER pledges_refund_within_reach_again BEFORE UPDATE ON pledges_refund
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'planned', 'pending', 'succeeded')
                       AND OLD.state NOT IN ('waiting', 'planned', 'pending', 'succeeded'))
    EXECUTE FUNCTION pledges_refund_within_reach();
"""
ALWAYS = """
DROP TRIGGER pledges_refund_within_reach_again ON pledges_refund;
DROP TRIGGER pledges_refund_within_reach ON pledges_refund;
CREATE TRIGGER pledges_refund_within_reach BEFORE INSERT OR UPDATE ON pledges_refund
    FOR EACH ROW WHEN (NEW.state IN ('waiting', 'planned', 'pending', 'succeeded'))
    EXECUTE FUNCTION pledges_refund_within_reach();
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0024_waits_when_approved")]

    operations = [migrations.RunSQL(WITHIN, ALWAYS)]
