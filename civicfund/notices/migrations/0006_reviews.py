from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0005_updates_of_what_i_back"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="optout",
            name="opt_out_topic_known",
        ),
        migrations.AlterField(
            model_name="optin",
            name="topic",
            field=models.CharField(
                choices=[
                    ("voting", "Reminders to vote"),
                    ("following", "News of what I follow"),
                    ("backing", "Updates of campaigns that I back"),
                    ("reviewing", "Reviews that are mine to give"),
                    ("town", "Announcements of the town about its votes"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="optout",
            name="topic",
            field=models.CharField(
                choices=[
                    ("voting", "Reminders to vote"),
                    ("following", "News of what I follow"),
                    ("backing", "Updates of campaigns that I back"),
                    ("reviewing", "Reviews that are mine to give"),
                    ("town", "Announcements of the town about its votes"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="optout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("topic__in", ["voting", "following", "backing", "reviewing", "town"])
                ),
                name="opt_out_topic_known",
            ),
        ),
    ]
