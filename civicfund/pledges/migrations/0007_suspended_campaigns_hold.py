from django.db import migrations

from civicfund.projects.constraints import held_instead_while

RUNNING = """EXISTS (
    SELECT FROM pledges_campaign campaign
    WHERE campaign.project_id = project AND campaign.state IN
        ('approved', 'live', {more}'closing', 'funded', 'collecting', 'recovering')
)"""


class Migration(migrations.Migration):
    """The promises of a suspended campaign wait: what they are for stays as it is."""

    dependencies = [("pledges", "0006_suspended_and_reported")]

    operations = [
        held_instead_while(
            "pledges", RUNNING.format(more="'suspended', "), before=RUNNING.format(more="")
        )
    ]
