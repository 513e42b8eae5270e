"""Every age has its proof, of those proved before too: while others write, so not in one
transaction. May be run again.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("people", "0017_erased_people_found")]

    operations = [
        ValidateConstraint(model_name="residency", name="residency_age_with_its_proof"),
    ]
