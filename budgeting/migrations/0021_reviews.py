import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("budgeting", "0020_taking_part"),
        ("places", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReviewPlan",
            fields=[
                (
                    "cycle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="review_plan",
                        serialize=False,
                        to="budgeting.cycle",
                    ),
                ),
                (
                    "second_above_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="two reviewers above"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("second_above_minor__isnull", True),
                            ("second_above_minor__gt", 0),
                            _connector="OR",
                        ),
                        name="review_plan_limit_is_positive",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VerdictPublication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="verdicts are public from")),
                ("appeals_until", models.DateTimeField(verbose_name="appeals are taken until")),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verdict_publications",
                        to="budgeting.cycle",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=2000, verbose_name="why")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="appealed",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeal",
                        to="budgeting.proposal",
                    ),
                ),
                (
                    "published_with",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="budgeting.verdictpublication",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="proposal",
            name="published_with",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="verdicts",
                to="budgeting.verdictpublication",
            ),
        ),
        migrations.CreateModel(
            name="ChangeRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="asked"
                    ),
                ),
                ("words", models.CharField(max_length=1000, verbose_name="what to change")),
                ("answer", models.CharField(blank=True, max_length=1000, verbose_name="answer")),
                ("given_back_at", models.DateTimeField(null=True, verbose_name="given back")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="change_requests",
                        to="budgeting.proposal",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("given_back_at__isnull", True)),
                        fields=("proposal",),
                        name="change_request_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("words__regex", "\\S")), name="change_request_says_what"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("first", "First review"),
                            ("second", "Second review"),
                            ("appeal", "Appeal"),
                        ],
                        default="first",
                        max_length=8,
                        verbose_name="review",
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                ("feasible", models.BooleanField(null=True, verbose_name="can be done")),
                ("lawful", models.BooleanField(null=True, verbose_name="lawful")),
                ("cost_low_minor", models.BigIntegerField(null=True, verbose_name="cost, low")),
                (
                    "cost_likely_minor",
                    models.BigIntegerField(null=True, verbose_name="cost, likely"),
                ),
                ("cost_high_minor", models.BigIntegerField(null=True, verbose_name="cost, high")),
                (
                    "yearly_minor",
                    models.BigIntegerField(null=True, verbose_name="cost of each year after"),
                ),
                ("reason", models.CharField(blank=True, max_length=1000, verbose_name="reason")),
                (
                    "notes",
                    models.TextField(blank=True, max_length=4000, verbose_name="internal notes"),
                ),
                ("given_at", models.DateTimeField(null=True, verbose_name="given")),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="budgeting.proposal",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
                "indexes": [
                    models.Index(
                        condition=models.Q(("given_at__isnull", True)),
                        fields=["due_at", "id"],
                        name="review_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proposal", "kind"), name="review_one_of_each_kind"
                    ),
                    models.UniqueConstraint(
                        fields=("proposal", "reviewer"), name="review_by_another_person_each"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["first", "second", "appeal"])),
                        name="review_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("feasible__isnull", True),
                                ("given_at__isnull", True),
                                ("lawful__isnull", True),
                            ),
                            models.Q(
                                ("feasible__isnull", False),
                                ("given_at__isnull", False),
                                ("lawful__isnull", False),
                                ("reviewer__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="review_given_by_somebody_in_full",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("given_at__isnull", True),
                            models.Q(("feasible", True), ("lawful", True)),
                            ("reason__regex", "\\S"),
                            _connector="OR",
                        ),
                        name="review_says_no_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("cost_high_minor__isnull", True),
                                ("cost_likely_minor__isnull", True),
                                ("cost_low_minor__isnull", True),
                            ),
                            models.Q(
                                ("cost_high_minor__gte", models.F("cost_likely_minor")),
                                ("cost_high_minor__isnull", False),
                                ("cost_likely_minor__gte", models.F("cost_low_minor")),
                                ("cost_likely_minor__isnull", False),
                                ("cost_low_minor__gt", 0),
                                ("cost_low_minor__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="review_costs_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("yearly_minor__isnull", True),
                            ("yearly_minor__gte", 0),
                            _connector="OR",
                        ),
                        name="review_yearly_cost_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReviewerRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("green", "Green and parks"),
                            ("streets", "Streets and paths"),
                            ("play", "Play and sport"),
                            ("culture", "Culture and learning"),
                            ("care", "Care and neighbors"),
                            ("climate", "Climate and energy"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                        verbose_name="about",
                    ),
                ),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviewer_rules",
                        to="budgeting.cycle",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.neighborhood",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cycle", "reviewer", "category", "place"),
                        name="reviewer_rule_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category", ""),
                            (
                                "category__in",
                                ["green", "streets", "play", "culture", "care", "climate", "other"],
                            ),
                            _connector="OR",
                        ),
                        name="reviewer_rule_category_known",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="verdictpublication",
            constraint=models.CheckConstraint(
                condition=models.Q(("appeals_until__gt", models.F("at"))),
                name="verdicts_leave_time_to_appeal",
            ),
        ),
        migrations.AddConstraint(
            model_name="verdictpublication",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("done_at__isnull", True), ("done_at__gte", models.F("at")), _connector="OR"
                ),
                name="verdicts_not_before_their_instant",
            ),
        ),
        migrations.AddConstraint(
            model_name="verdictpublication",
            constraint=models.UniqueConstraint(
                condition=models.Q(("done_at__isnull", True)),
                fields=("cycle",),
                name="verdicts_one_instant_to_come",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__regex", "\\S")), name="appeal_says_why"
            ),
        ),
    ]
