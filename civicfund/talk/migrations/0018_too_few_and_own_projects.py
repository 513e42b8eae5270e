"""Too few supports are facts and news; who writes a public project follows it, also from before."""

from django.db import migrations, models

ROWS = 2_000
PRIVATE = ("draft", "withdrawn")


def lose_none(apps, schema_editor):
    """The version before knows nothing of too few supports: its constraints would refuse them."""
    alias = schema_editor.connection.alias
    told = apps.get_model("talk", "Fact").objects.using(alias).filter(what="too_few")
    if number := told.count():
        raise RuntimeError(
            f"People were told that projects had too few supports ({number}), which the version"
            " before has no place for, and facts stay: there is no way back."
        )


def follow_own(apps, schema_editor):
    """Some projects at a time; may be run again."""
    alias = schema_editor.connection.alias
    public = apps.get_model("projects", "Project").objects.using(alias).exclude(state__in=PRIVATE)
    keys = list(public.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), ROWS):
        _follow_some(apps, alias, keys[start : start + ROWS])


def _follow_some(apps, alias, keys):
    users = apps.get_model("people", "User").objects.using(alias)
    present = users.filter(is_active=True, erased_at__isnull=True, guest_email="")
    projects = apps.get_model("projects", "Project").objects.using(alias).filter(pk__in=keys)
    joined = apps.get_model("projects", "CoAuthor").objects.using(alias).filter(project__in=keys)
    authors = [
        *projects.filter(proposer__in=present).values_list("pk", "proposer"),
        *joined.filter(user__in=present).values_list("project", "user"),
    ]
    threads, follows = apps.get_model("talk", "Thread"), apps.get_model("talk", "Follow")
    threads.objects.using(alias).bulk_create(
        (threads(kind="project", subject_id=pk) for pk in sorted({pk for pk, _user in authors})),
        ignore_conflicts=True,
    )
    rows = threads.objects.using(alias).filter(kind="project", subject_id__in=keys)
    of_project = dict(rows.values_list("subject_id", "pk"))
    follows.objects.using(alias).bulk_create(
        (follows(thread_id=of_project[pk], user_id=user) for pk, user in authors),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("talk", "0017_reviews"),
        ("people", "0008_erased_people"),
        ("projects", "0024_wishes_to_join"),
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
                    ("too_few", "It had too few supports to come on the ballot"),
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
                    ("milestone", "A milestone is reached"),
                    ("review_assigned", "It is yours to review"),
                    ("review_returned", "Your review goes on"),
                    ("review_due", "Your review is due soon"),
                    ("review_late", "Your review is overdue"),
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
                    ("too_few", "It had too few supports to come on the ballot"),
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
                    ("milestone", "A milestone is reached"),
                    ("review_assigned", "It is yours to review"),
                    ("review_returned", "Your review goes on"),
                    ("review_due", "Your review is due soon"),
                    ("review_late", "Your review is overdue"),
                ],
                max_length=24,
                verbose_name="what",
            ),
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
                            "question",
                            "creator",
                            "project",
                            "merged",
                            "feasible",
                            "not_feasible",
                            "too_few",
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
                            "milestone",
                            "review_assigned",
                            "review_returned",
                            "review_due",
                            "review_late",
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
                            "question",
                            "creator",
                            "project",
                            "merged",
                            "feasible",
                            "not_feasible",
                            "too_few",
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
                            "milestone",
                            "review_assigned",
                            "review_returned",
                            "review_due",
                            "review_late",
                        ],
                    )
                ),
                name="news_kind_known",
            ),
        ),
        migrations.RunPython(follow_own, migrations.RunPython.noop),
        # Last here, and so the first on the way back.
        migrations.RunPython(migrations.RunPython.noop, lose_none),
    ]
