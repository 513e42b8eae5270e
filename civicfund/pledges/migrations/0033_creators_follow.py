"""Creators of public campaigns follow what is said of them, also from before: some campaigns at a
time, while others write, so not in one transaction. May be run again.
"""

from django.db import migrations

ROWS = 2_000
PRIVATE = ("draft", "changes_requested", "submitted")


def follow_own(apps, schema_editor):
    alias = schema_editor.connection.alias
    campaigns = apps.get_model("pledges", "Campaign").objects.using(alias)
    keys = list(campaigns.exclude(state__in=PRIVATE).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), ROWS):
        _follow_some(apps, alias, keys[start : start + ROWS])


def _follow_some(apps, alias, keys):
    users = apps.get_model("people", "User").objects.using(alias)
    present = users.filter(is_active=True, erased_at__isnull=True, guest_email="")
    campaigns = apps.get_model("pledges", "Campaign").objects.using(alias)
    theirs = campaigns.filter(pk__in=keys, creator__in=present)
    creators = dict(theirs.order_by("pk").values_list("pk", "creator"))
    threads, follows = apps.get_model("talk", "Thread"), apps.get_model("talk", "Follow")
    threads.objects.using(alias).bulk_create(
        (threads(kind="campaign", subject_id=pk) for pk in creators), ignore_conflicts=True
    )
    rows = threads.objects.using(alias).filter(kind="campaign", subject_id__in=creators)
    of_campaign = dict(rows.values_list("subject_id", "pk"))
    follows.objects.using(alias).bulk_create(
        (follows(thread_id=of_campaign[pk], user_id=user) for pk, user in creators.items()),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("pledges", "0032_suspensions_appealed"),
        ("talk", "0021_own_projects_followed"),
        ("people", "0008_erased_people"),
    ]

    operations = [migrations.RunPython(follow_own, migrations.RunPython.noop)]
