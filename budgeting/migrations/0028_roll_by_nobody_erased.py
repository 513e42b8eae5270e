from django.db import migrations

from civicfund.people.constraints import by_nobody_erased


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_erased_people"),
        ("budgeting", "0027_announcement_guards"),
    ]

    operations = [
        by_nobody_erased("budgeting_rollentry", "claimed_by_id"),
    ]
