from django.db import migrations

from civicfund.people.constraints import by_nobody_erased


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_guards"), ("people", "0012_complaints_officer")]

    operations = [
        by_nobody_erased("delivery_milestonereport", "by_id"),
        by_nobody_erased("delivery_milestoneverdict", "by_id"),
    ]
