"""Goals that were reached before followers were told of such things are no news any more."""

from django.db import migrations

# As good as told, and nobody is: the sweep tells a goal that has no fact. Written again, it is
# written once.
KNOWN = """
INSERT INTO talk_thread (kind, subject_id)
    SELECT 'campaign', campaign.id FROM pledges_campaign campaign
    WHERE campaign.state = 'live' AND campaign.goal_minor <= (
        SELECT sum(pledge.amount_minor) FROM pledges_pledge pledge
        WHERE pledge.campaign_id = campaign.id AND pledge.state = 'active')
    ON CONFLICT (kind, subject_id) DO NOTHING;
INSERT INTO talk_fact (thread_id, what, source)
    SELECT thread.id, 'goal', 'goal:' || campaign.id FROM pledges_campaign campaign
    JOIN talk_thread thread ON thread.kind = 'campaign' AND thread.subject_id = campaign.id
    WHERE campaign.state = 'live' AND campaign.goal_minor <= (
        SELECT sum(pledge.amount_minor) FROM pledges_pledge pledge
        WHERE pledge.campaign_id = campaign.id AND pledge.state = 'active')
    ON CONFLICT (source) DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0022_survey_guards"), ("talk", "0013_corrections")]

    operations = [migrations.RunSQL(KNOWN, migrations.RunSQL.noop)]
