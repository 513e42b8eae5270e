"""Complaints have an app of their own, which has taken over what stood here."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0012_complaints_officer"),
        ("complaints", "0003_those_not_mailed_yet"),
    ]

    operations = [migrations.DeleteModel(name="Complaint")]
