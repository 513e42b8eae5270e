from django.db import migrations

from civicfund.audit.constraints import frozen_columns


class Migration(migrations.Migration):
    dependencies = [("pledges", "0016_fee_guards")]

    operations = [
        # What a backer agreed to is what they agreed to then; another consent is another row.
        frozen_columns(
            "pledges_consent",
            ["pledge_id", "text_version", "amount_minor", "payment_method_id", "agreed_at"],
            once="TRUE",
        ),
    ]
