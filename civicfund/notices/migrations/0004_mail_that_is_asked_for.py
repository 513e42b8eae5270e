import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0003_news_of_what_i_follow"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OptIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("voting", "Reminders to vote"),
                            ("following", "News of what I follow"),
                            ("town", "Announcements of the town about its votes"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="optout",
            name="opt_out_topic_known",
        ),
        migrations.AlterField(
            model_name="optout",
            name="topic",
            field=models.CharField(
                choices=[
                    ("voting", "Reminders to vote"),
                    ("following", "News of what I follow"),
                    ("town", "Announcements of the town about its votes"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="optout",
            constraint=models.CheckConstraint(
                condition=models.Q(("topic__in", ["voting", "following", "town"])),
                name="opt_out_topic_known",
            ),
        ),
        migrations.AddField(
            model_name="optin",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="optin",
            constraint=models.UniqueConstraint(fields=("user", "topic"), name="opt_in_once"),
        ),
        migrations.AddConstraint(
            model_name="optin",
            constraint=models.CheckConstraint(
                condition=models.Q(("topic__in", ["town"])), name="opt_in_topic_known"
            ),
        ),
    ]
