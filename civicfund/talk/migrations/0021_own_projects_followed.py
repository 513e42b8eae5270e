"""Who writes a public project follows it, also from before: some projects at a time, while others
write, so not in one transaction. May be run again.
"""

from django.db import migrations

ROWS = 2_000
PRIVATE = ("draft", "withdrawn")


def follow_own(apps, schema_editor):
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
    atomic = False
    dependencies = [
        ("talk", "0020_newer_kinds_checked"),
        ("people", "0008_erased_people"),
        ("projects", "0024_wishes_to_join"),
    ]

    operations = [migrations.RunPython(follow_own, migrations.RunPython.noop)]
