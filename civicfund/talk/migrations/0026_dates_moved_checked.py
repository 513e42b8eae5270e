"""Every fact and news is of a known kind, the newest ones too: while others write, so not in one
transaction. May be run again.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("talk", "0025_dates_moved")]

    operations = [
        ValidateConstraint(model_name="fact", name="fact_known"),
        ValidateConstraint(model_name="news", name="news_kind_known"),
    ]
