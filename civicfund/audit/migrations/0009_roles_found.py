"""Roles that were given and taken are found without looking at everything that was done."""

from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("audit", "0008_trail")]

    operations = [
        AddIndexBesideWrites(
            model_name="event",
            index=models.Index(
                condition=models.Q(("verb__in", ("role.granted", "role.revoked"))),
                fields=["id"],
                name="event_of_roles",
            ),
        ),
    ]
