from django.db import migrations

from civicfund.audit.constraints import frozen_columns


class Migration(migrations.Migration):
    dependencies = [("people", "0008_erased_people")]

    operations = [
        frozen_columns(
            "people_user",
            ["email", "guest_email", "display_name", "password", "is_active", "erased_at"],
            once="OLD.erased_at IS NOT NULL",
        ),
    ]
