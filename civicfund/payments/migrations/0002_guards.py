from django.db import migrations

from civicfund.audit.constraints import append_only


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_first_tables")]

    operations = [append_only("payments_orphan")]
