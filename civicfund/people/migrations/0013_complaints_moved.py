"""Complaints have an app of their own, which has taken over what stood here."""

from importlib import import_module

from django.db import migrations

_BEFORE = import_module("civicfund.complaints.migrations.0003_those_not_mailed_yet")


def carry_over_the_rest(apps, schema_editor):
    """What processes of the older version took in since: they wait from here on, and then fail."""
    schema_editor.execute("LOCK TABLE people_complaint IN ACCESS EXCLUSIVE MODE")
    _BEFORE.carry_over(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0012_complaints_officer"),
        ("complaints", "0003_those_not_mailed_yet"),
    ]

    operations = [
        migrations.RunPython(carry_over_the_rest, migrations.RunPython.noop),
        migrations.DeleteModel(name="Complaint"),
    ]
