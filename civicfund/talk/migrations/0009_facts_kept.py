from django.db import migrations, models

from civicfund.audit.constraints import append_only


class Migration(migrations.Migration):
    dependencies = [("talk", "0008_known_facts")]

    operations = [
        migrations.RemoveField(
            model_name="thread",
            name="announced_at",
        ),
        migrations.AddConstraint(
            model_name="news",
            constraint=models.UniqueConstraint(
                fields=("recipient", "comment", "fact"), name="news_told_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="news",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "comment",
                            "answer",
                            "city",
                            "project",
                            "merged",
                            "feasible",
                            "not_feasible",
                            "on_ballot",
                            "selected",
                            "not_selected",
                            "informing_begins",
                            "proposing_begins",
                            "proposing_ends",
                            "reviewing_begins",
                            "supporting_begins",
                            "supporting_ends",
                            "balloting_begins",
                            "balloting_ends",
                            "results",
                            "started",
                            "goal",
                            "funded",
                            "unfunded",
                            "settled",
                            "settled_short",
                            "failed_short",
                            "called_off",
                        ],
                    )
                ),
                name="news_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="news",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("comment__isnull", False),
                        ("fact__isnull", True),
                        ("kind__in", ("comment", "answer", "city")),
                    ),
                    models.Q(
                        models.Q(("kind__in", ("comment", "answer", "city")), _negated=True),
                        ("comment__isnull", True),
                        ("fact__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="news_of_a_comment_or_a_fact",
            ),
        ),
        append_only("talk_fact"),
    ]
