from django.db import migrations

from civicfund.people.constraints import by_nobody_erased


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_erased_people"),
        ("projects", "0011_copies"),
    ]

    operations = [
        by_nobody_erased("projects_project", "proposer_id"),
        by_nobody_erased("projects_support", "person_id"),
    ]
