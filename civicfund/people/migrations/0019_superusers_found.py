"""Superusers are found without looking at everybody."""

from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("people", "0018_ages_checked")]

    operations = [
        AddIndexBesideWrites(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_superuser", True)), fields=["id"], name="user_superuser"
            ),
        ),
    ]
