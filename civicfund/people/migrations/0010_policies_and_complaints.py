import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0009_erased_stays_erased"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="agreed_to",
            field=models.CharField(blank=True, max_length=16, null=True),
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "about",
                    models.CharField(
                        choices=[
                            ("vote", "A vote or its result"),
                            ("money", "Money: a pledge, a charge, a payment"),
                            ("data", "What is kept about me"),
                            ("access", "A page that I cannot use"),
                            ("staff", "Somebody who works for the town"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                        verbose_name="about",
                    ),
                ),
                ("words", models.TextField(max_length=4000, verbose_name="what is wrong")),
                (
                    "answer_to",
                    models.EmailField(
                        blank=True, max_length=254, verbose_name="address for an answer"
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="made"
                    ),
                ),
            ],
            options={
                "verbose_name": "complaint",
                "verbose_name_plural": "complaints",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("words", ""), _negated=True), name="complaint_has_words"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("about__in", ["vote", "money", "data", "access", "staff", "other"])
                        ),
                        name="complaint_concern_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyConsent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.CharField(max_length=16, verbose_name="version")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256 of the words")),
                (
                    "agreed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="agreed"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "consent to the terms",
                "verbose_name_plural": "consents to the terms",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "version"), name="policy_consent_once"),
                    models.CheckConstraint(
                        condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                        name="policy_consent_digest",
                    ),
                ],
            },
        ),
    ]
