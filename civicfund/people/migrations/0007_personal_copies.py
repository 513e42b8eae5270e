import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0006_spokesperson"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonalCopy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("made_at", models.DateTimeField(blank=True, null=True, verbose_name="made")),
                ("size", models.PositiveIntegerField(blank=True, null=True, verbose_name="bytes")),
                ("delete_after", models.DateTimeField(verbose_name="deleted by")),
                ("deleted_at", models.DateTimeField(blank=True, null=True, verbose_name="deleted")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="copies",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "copy of what is held about a person",
                "verbose_name_plural": "copies of what is held about people",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("user",),
                        name="personal_copy_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("made_at__isnull", True), ("size__isnull", True)),
                            models.Q(
                                ("made_at__isnull", False), ("size__gt", 0), ("size__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="personal_copy_made_iff_it_has_a_size",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("delete_after__gt", models.F("asked_at"))),
                        name="personal_copy_has_its_day",
                    ),
                ],
            },
        ),
    ]
