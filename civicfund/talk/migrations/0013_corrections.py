"""Corrections are facts and news; that every row is of a known kind is checked in the next one."""

from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


def lose_none(apps, schema_editor):
    """The version before knows no corrections: its constraints would refuse them."""
    alias = schema_editor.connection.alias
    told = apps.get_model("talk", "Fact").objects.using(alias).filter(what="correction")
    if number := told.count():
        raise RuntimeError(
            f"People were told of corrections of updates ({number}), which the version before has no"
            " place for, and facts stay: there is no way back."
        )


class Migration(migrations.Migration):
    dependencies = [
        ("talk", "0012_questions_to_creators"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="fact",
            name="fact_known",
        ),
        migrations.RemoveConstraint(
            model_name="news",
            name="news_kind_known",
        ),
        migrations.AlterField(
            model_name="fact",
            name="what",
            field=models.CharField(
                choices=[
                    ("comment", "A new comment"),
                    ("answer", "Somebody answered you"),
                    ("city", "The city answered a question"),
                    ("question", "Somebody asks you"),
                    ("creator", "The creator answered a question"),
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
                    ("update", "A new update"),
                    ("correction", "An update was corrected"),
                ],
                max_length=24,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="news",
            name="kind",
            field=models.CharField(
                choices=[
                    ("comment", "A new comment"),
                    ("answer", "Somebody answered you"),
                    ("city", "The city answered a question"),
                    ("question", "Somebody asks you"),
                    ("creator", "The creator answered a question"),
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
                    ("update", "A new update"),
                    ("correction", "An update was corrected"),
                ],
                max_length=24,
                verbose_name="what",
            ),
        ),
        AddConstraintNotValid(
            model_name="fact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "what__in",
                        [
                            "comment",
                            "answer",
                            "city",
                            "question",
                            "creator",
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
                            "update",
                            "correction",
                        ],
                    ),
                    models.Q(
                        ("what__in", ("comment", "answer", "city", "question", "creator")),
                        _negated=True,
                    ),
                ),
                name="fact_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="news",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "comment",
                            "answer",
                            "city",
                            "question",
                            "creator",
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
                            "update",
                            "correction",
                        ],
                    )
                ),
                name="news_kind_known",
            ),
        ),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
