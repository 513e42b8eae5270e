from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0013_complaints_moved")]

    operations = [
        migrations.AddField(
            model_name="residency",
            name="born_by",
            field=models.DateField(blank=True, null=True, verbose_name="born by"),
        ),
        AddConstraintNotValid(
            model_name="residency",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("born_by__isnull", True), ("proved_at__isnull", False), _connector="OR"
                ),
                name="residency_age_with_its_proof",
            ),
        ),
    ]
