from django.db import migrations, models

TOPICS = [
    ("voting", "Reminders to vote"),
    ("following", "News of what I follow"),
    ("backing", "Updates of campaigns that I back"),
    ("reviewing", "Reviews that are mine to give"),
    ("desks", "What waits at my desks"),
    ("second", "Acts that wait for a second person"),
    ("town", "Announcements of the town about its votes"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0006_reviews"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="optout",
            name="opt_out_topic_known",
        ),
        migrations.AlterField(
            model_name="optin",
            name="topic",
            field=models.CharField(choices=TOPICS, max_length=16),
        ),
        migrations.AlterField(
            model_name="optout",
            name="topic",
            field=models.CharField(choices=TOPICS, max_length=16),
        ),
        migrations.AddConstraint(
            model_name="optout",
            constraint=models.CheckConstraint(
                condition=models.Q(("topic__in", [topic for topic, _words in TOPICS])),
                name="opt_out_topic_known",
            ),
        ),
    ]
