"""The trail that staff read is found by kinds of things."""

from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("audit", "0007_approvals_of_now")]

    operations = [
        AddIndexBesideWrites(
            model_name="event",
            index=models.Index(fields=["target_type", "at", "id"], name="event_of_kind_of_thing"),
        ),
    ]
