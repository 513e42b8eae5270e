from django.db import migrations

from civicfund.people.constraints import by_nobody_erased


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_erased_people"),
        ("pledges", "0018_resumed_for_a_reason"),
    ]

    operations = [
        by_nobody_erased("pledges_pledge", "backer_id"),
        by_nobody_erased("pledges_campaign", "creator_id"),
    ]
