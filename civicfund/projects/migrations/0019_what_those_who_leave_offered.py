"""Versions keep what was looked for."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0017_totals_filled_and_indexed")]

    operations = [
        migrations.AddField(
            model_name="version",
            name="wanted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("story", "a story: what is to be done, and why"),
                        ("place", "a place on the map"),
                        ("cost", "what it costs"),
                        ("owner", "somebody who looks after it once it is there"),
                        ("photo", "a photograph of the place"),
                        ("permit", "a permit, or somebody who knows how to get it"),
                        ("hands", "hands that help to do it"),
                    ],
                    max_length=16,
                ),
                null=True,
                size=None,
            ),
        ),
    ]
