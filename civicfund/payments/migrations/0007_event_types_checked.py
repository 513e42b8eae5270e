"""Every kept event is of a known type: looked through without keeping anybody from the table."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_thin_account_events")]

    operations = [
        ValidateConstraint(model_name="providerevent", name="provider_event_type_known"),
    ]
