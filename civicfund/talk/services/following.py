"""Following, reading, and how often mail comes."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from civicfund.audit.services import db_now
from civicfund.notices.enums import Topic
from civicfund.notices.services import StopLink, allow_mail
from civicfund.people.models import User
from civicfund.projects.models import Project
from civicfund.talk.access import Subject
from civicfund.talk.enums import Pace, SubjectKind
from civicfund.talk.models import Follow, MailPace, News, Thread
from civicfund.talk.selectors import pace_of
from civicfund.talk.services.errors import TalkError


def follow(subject: Subject, *, by: User) -> Follow:
    """Hear of the subject from now on; following twice is following once."""
    if not subject.is_public:
        raise TalkError(_("Nothing can be followed here now."))
    thread, _new = Thread.objects.get_or_create(kind=subject.kind, subject_id=subject.pk)
    return Follow.objects.get_or_create(thread=thread, user=by)[0]


def follow_own(project: Project, people: Collection[int]) -> None:
    """Whoever begins to write a public project follows it, until they end it as anybody does."""
    let_follow(SubjectKind.PROJECT, project.pk, people)


def let_follow(kind: SubjectKind, pk: int, people: Collection[int]) -> None:
    """These people, named by their ids, hear from now on of what is theirs and public by now, until
    they end it as anybody does. The caller is in the transaction that shows it.
    """
    thread, _new = Thread.objects.get_or_create(kind=kind, subject_id=pk)
    Follow.objects.bulk_create(
        (Follow(thread=thread, user_id=person) for person in people), ignore_conflicts=True
    )


def unfollow(subject: Subject, *, by: User) -> None:
    """Hear no more of it."""
    Follow.objects.filter(
        thread__kind=subject.kind, thread__subject_id=subject.pk, user=by
    ).delete()


def unfollow_thread(thread: int, *, by: User) -> bool:
    """The same by the thread's id, also where one may see no more what it is about; whether it was
    followed.
    """
    return bool(Follow.objects.filter(thread=thread, user=by).delete()[0])


def set_pace(pace: Pace, *, by: User) -> None:
    """Get mail about what one follows so often, also where the link in such a mail has ended it.

    Whoever gets none by now, and says so, changes nothing: what stood before that link still does.
    """
    if pace == pace_of(by) == Pace.NEVER:
        return
    allow_mail(StopLink(by, Topic.FOLLOWING))
    MailPace.objects.update_or_create(user=by, defaults={"pace": pace})


def mark_read(*, by: User) -> int:
    """Have read all that there is so far; how many notices that were."""
    return News.objects.filter(recipient=by, read_at__isnull=True).update(read_at=db_now())


def read_notice(notice: News) -> None:
    """Have read this one: no mail tells of it any more."""
    News.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=db_now())
