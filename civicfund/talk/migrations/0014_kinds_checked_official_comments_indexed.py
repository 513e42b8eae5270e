"""Every fact and news is of a known kind, and official comments have an index: both while others
write, so not in one transaction. May be run again.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

from civicfund.audit.constraints import AddIndexBesideWrites


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("talk", "0013_corrections")]

    operations = [
        ValidateConstraint(model_name="fact", name="fact_known"),
        ValidateConstraint(model_name="news", name="news_kind_known"),
        AddIndexBesideWrites(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("is_official", True)),
                fields=["created_at"],
                name="comment_official",
            ),
        ),
    ]
