from django.db import migrations, models


class Migration(migrations.Migration):
    """Saying of which projects it is the same uses up nobody's one report of a project."""

    dependencies = [
        ("projects", "0026_handed_in_by_nobody"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="projectflag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reason", "same"), _negated=True),
                fields=("project", "reporter"),
                name="projectflag_once_for_what_is_wrong",
            ),
        ),
        migrations.AddConstraint(
            model_name="projectflag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reason", "same")),
                fields=("project", "reporter", "other"),
                name="projectflag_once_as_the_same",
            ),
        ),
        migrations.RemoveConstraint(model_name="projectflag", name="projectflag_once_per_person"),
    ]
