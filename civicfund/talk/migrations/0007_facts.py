import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("talk", "0006_known_projects")]

    operations = [
        migrations.CreateModel(
            name="Fact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("comment", "A new comment"),
                            ("answer", "Somebody answered you"),
                            ("city", "The city answered a question"),
                            ("project", "A new project"),
                            ("merged", "It was merged into another project"),
                            ("feasible", "The review says that it can be done"),
                            ("not_feasible", "The review says that it cannot be done"),
                            ("on_ballot", "It is on the ballot"),
                            ("selected", "It won and gets the money"),
                            ("not_selected", "It did not win"),
                            ("informing_begins", "The town informs about it now"),
                            ("proposing_begins", "Projects can be proposed now"),
                            ("proposing_ends", "Projects can be proposed only for a few days more"),
                            ("reviewing_begins", "The proposals are being reviewed now"),
                            ("supporting_begins", "Projects can be supported now"),
                            (
                                "supporting_ends",
                                "Projects can be supported only for a few days more",
                            ),
                            ("balloting_begins", "Voting has begun"),
                            ("balloting_ends", "Voting ends within a few days"),
                            ("results", "The results are published"),
                            ("started", "It has started: people can pledge"),
                            ("goal", "It has reached its goal"),
                            ("funded", "It succeeded: the pledges are being collected"),
                            ("unfunded", "It ended below its goal: nobody is charged"),
                            ("settled", "All pledges are collected"),
                            ("settled_short", "The pledges are collected in part"),
                            (
                                "failed_short",
                                "Too little was collected: everybody gets their money back",
                            ),
                            ("called_off", "It was called off"),
                        ],
                        max_length=24,
                        verbose_name="what",
                    ),
                ),
                ("source", models.CharField(max_length=64, verbose_name="learnt from")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="told"
                    ),
                ),
            ],
            options={
                "verbose_name": "fact",
                "verbose_name_plural": "facts",
            },
        ),
        migrations.RemoveConstraint(
            model_name="news",
            name="news_told_once",
        ),
        migrations.RemoveConstraint(
            model_name="news",
            name="news_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="news",
            name="news_of_a_comment_or_a_project",
        ),
        migrations.AlterField(
            model_name="news",
            name="kind",
            field=models.CharField(
                choices=[
                    ("comment", "A new comment"),
                    ("answer", "Somebody answered you"),
                    ("city", "The city answered a question"),
                    ("project", "A new project"),
                    ("merged", "It was merged into another project"),
                    ("feasible", "The review says that it can be done"),
                    ("not_feasible", "The review says that it cannot be done"),
                    ("on_ballot", "It is on the ballot"),
                    ("selected", "It won and gets the money"),
                    ("not_selected", "It did not win"),
                    ("informing_begins", "The town informs about it now"),
                    ("proposing_begins", "Projects can be proposed now"),
                    ("proposing_ends", "Projects can be proposed only for a few days more"),
                    ("reviewing_begins", "The proposals are being reviewed now"),
                    ("supporting_begins", "Projects can be supported now"),
                    ("supporting_ends", "Projects can be supported only for a few days more"),
                    ("balloting_begins", "Voting has begun"),
                    ("balloting_ends", "Voting ends within a few days"),
                    ("results", "The results are published"),
                    ("started", "It has started: people can pledge"),
                    ("goal", "It has reached its goal"),
                    ("funded", "It succeeded: the pledges are being collected"),
                    ("unfunded", "It ended below its goal: nobody is charged"),
                    ("settled", "All pledges are collected"),
                    ("settled_short", "The pledges are collected in part"),
                    ("failed_short", "Too little was collected: everybody gets their money back"),
                    ("called_off", "It was called off"),
                ],
                max_length=24,
                verbose_name="what",
            ),
        ),
        migrations.AddField(
            model_name="fact",
            name="thread",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="talk.thread"
            ),
        ),
        migrations.AddField(
            model_name="news",
            name="fact",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="talk.fact",
            ),
        ),
        migrations.AddConstraint(
            model_name="fact",
            constraint=models.UniqueConstraint(fields=("source",), name="fact_told_once"),
        ),
        migrations.AddConstraint(
            model_name="fact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "what__in",
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
                    ),
                    models.Q(("what__in", ("comment", "answer", "city")), _negated=True),
                ),
                name="fact_known",
            ),
        ),
    ]
