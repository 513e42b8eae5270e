from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0007_approvals_of_now"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["target_type", "at", "id"], name="event_of_kind_of_thing"),
        ),
    ]
