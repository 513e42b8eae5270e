import django.db.models.deletion
from django.db import migrations, models

REASONS = ["insult", "private", "advert", "off_topic", "illegal", "same", "other"]


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0025_handed_in_on_paper"),
    ]

    operations = [
        migrations.AddField(
            model_name="projectflag",
            name="other",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="projects.project",
                verbose_name="the other project",
            ),
        ),
        migrations.AlterField(
            model_name="projectflag",
            name="reason",
            field=models.CharField(
                choices=[
                    ("insult", "It insults or threatens people"),
                    ("private", "It tells private things about somebody"),
                    ("advert", "It advertises, or was posted in many places"),
                    ("off_topic", "It has nothing to do with this"),
                    ("illegal", "It seems to be illegal"),
                    ("same", "It is the same as another project"),
                    ("other", "Something else"),
                ],
                max_length=16,
                verbose_name="what is wrong",
            ),
        ),
        migrations.RemoveConstraint(model_name="projectflag", name="projectflag_reason_known"),
        migrations.AddConstraint(
            model_name="projectflag",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", REASONS)), name="projectflag_reason_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="projectflag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("other__isnull", False), ("reason", "same")),
                    models.Q(models.Q(("reason", "same"), _negated=True), ("other__isnull", True)),
                    _connector="OR",
                ),
                name="projectflag_other_iff_same",
            ),
        ),
        migrations.AddConstraint(
            model_name="projectflag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("other__isnull", True),
                    models.Q(("other", models.F("project")), _negated=True),
                    _connector="OR",
                ),
                name="projectflag_same_as_another",
            ),
        ),
    ]
