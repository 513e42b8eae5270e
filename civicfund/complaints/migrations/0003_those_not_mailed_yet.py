"""Complaints that wait to be mailed, as the site kept them before, come to the desk."""

from datetime import timedelta
from uuid import uuid4

from django.db import migrations

DAYS = 30


def carry_over(apps, schema_editor):
    """Each once: what is carried over leaves the old table."""
    old, user, complaint, look = (
        apps.get_model(*name).objects.using(schema_editor.connection.alias)
        for name in (
            ("people", "Complaint"),
            ("people", "User"),
            ("complaints", "Complaint"),
            ("complaints", "Look"),
        )
    )
    for waiting in old.order_by("pk").iterator():
        guest = waiting.answer_to and user.create(
            email=f"{uuid4().hex}@guest.invalid",
            guest_email=waiting.answer_to.lower(),
            password=f"!{uuid4().hex}",
        )
        made = complaint.create(
            about=waiting.about, made_at=waiting.made_at, complainant=guest or None
        )
        look.create(
            complaint=made,
            asked=waiting.words,
            asked_at=waiting.made_at,
            due_at=waiting.made_at + timedelta(days=DAYS),
        )
        waiting.delete()


def lose_none(apps, schema_editor):
    """What was kept before has no place for answers, nor for whoever complained."""
    alias = schema_editor.connection.alias
    if apps.get_model("complaints", "Complaint").objects.using(alias).exists():
        raise RuntimeError("There are complaints, which going back would delete.")


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0002_complaint_guards"),
        ("people", "0012_complaints_officer"),
    ]

    operations = [migrations.RunPython(carry_over, lose_none)]
