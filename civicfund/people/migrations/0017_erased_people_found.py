"""Those who have left are found without looking at everybody."""

from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("people", "0016_roles_of_made_up_towns")]

    operations = [
        AddIndexBesideWrites(
            model_name="user",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", False)),
                fields=["id"],
                name="user_erased",
            ),
        ),
    ]
