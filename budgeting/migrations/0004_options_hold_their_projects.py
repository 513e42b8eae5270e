from django.db import migrations

from civicfund.projects.constraints import held_while


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0003_support_of_options"),
        ("projects", "0002_whole_points"),
    ]

    operations = [
        held_while(
            "budgeting",
            """EXISTS (
                SELECT FROM budgeting_option option
                    JOIN budgeting_proposal proposal ON proposal.id = option.proposal_id
                    JOIN budgeting_cycle cycle ON cycle.id = option.cycle_id
                WHERE proposal.project_id = project
                    AND cycle.state NOT IN ('published', 'cancelled')
            )""",
        ),
    ]
