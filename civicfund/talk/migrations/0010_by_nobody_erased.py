from django.db import migrations

from civicfund.people.constraints import by_nobody_erased


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_erased_people"),
        ("talk", "0009_facts_kept"),
    ]

    operations = [
        by_nobody_erased("talk_comment", "author_id"),
    ]
