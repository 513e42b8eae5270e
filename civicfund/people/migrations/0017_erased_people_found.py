"""Those who have left are found without looking at everybody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0016_roles_of_made_up_towns")]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", False)),
                fields=["id"],
                name="user_erased",
            ),
        ),
    ]
