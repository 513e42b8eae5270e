import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """An address that said no, or was asked in vain, is not asked again at once."""

    dependencies = [
        ("projects", "0029_what_was_asked_in_vain"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvitationPause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_hash", models.CharField(max_length=64)),
                ("until", models.DateTimeField()),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "key_hash"), name="invitation_pause_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key_hash__regex", "^[0-9a-f]{64}$")),
                        name="invitation_pause_keeps_a_hash",
                    ),
                ],
            },
        ),
    ]
