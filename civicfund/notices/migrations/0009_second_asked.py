"""Mails about what waits for a second person are found without looking at all mails."""

from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notices", "0008_desks")]

    operations = [
        AddIndexBesideWrites(
            model_name="message",
            index=models.Index(
                condition=models.Q(("kind", "second_asked")),
                fields=["created_at"],
                name="message_second_asked",
            ),
        ),
    ]
