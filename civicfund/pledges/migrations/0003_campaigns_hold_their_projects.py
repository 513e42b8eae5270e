from django.db import migrations

from civicfund.projects.constraints import held_while


class Migration(migrations.Migration):
    dependencies = [
        ("pledges", "0002_guards"),
        ("projects", "0002_whole_points"),
    ]

    operations = [
        held_while(
            "pledges",
            """EXISTS (
                SELECT FROM pledges_campaign campaign
                WHERE campaign.project_id = project AND campaign.state IN
                    ('approved', 'live', 'closing', 'funded', 'collecting', 'recovering')
            )""",
        ),
    ]
