"""Who is told what: gathered by sweeps, told once, mailed as often as each person wants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from civicfund.audit.services import db_now
from civicfund.notices.enums import Topic
from civicfund.notices.services import Letter, tell_all
from civicfund.people.models import User
from civicfund.projects.models import Project
from civicfund.talk.access import visible_subjects
from civicfund.talk.enums import NewsKind, Pace, SubjectKind
from civicfund.talk.models import Comment, Follow, News, Thread
from civicfund.talk.selectors import news_of

MOST_AT_ONCE = 500
MOST_IN_A_MAIL = 20
# What is older is not mailed any more: somebody had switched mail off.
NOT_OLDER_THAN = timedelta(days=14)


def gather_comments() -> int:
    """Tell of comments whoever follows their thread, and whoever is answered; how many comments.

    Of what is hidden or deleted by now nobody is told.
    """
    with transaction.atomic():
        new = Comment.objects.filter(gathered_at__isnull=True).order_by("pk")
        locked = new.select_related("parent").select_for_update(of=("self",), skip_locked=True)
        comments = list(locked[:MOST_AT_ONCE])
        pks = [comment.pk for comment in comments]
        shown = set(Comment.objects.shown().filter(pk__in=pks).values_list("pk", flat=True))
        followers = _followers({comment.thread_id for comment in comments})
        told = [
            news
            for comment in comments
            if comment.pk in shown
            for news in _news_of_comment(comment, followers[comment.thread_id])
        ]
        News.objects.bulk_create(told, ignore_conflicts=True, batch_size=1000)
        Comment.objects.filter(pk__in=pks).update(gathered_at=db_now())
    return len(comments)


def _followers(threads: Collection[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = Follow.objects.filter(thread__in=threads, user__is_active=True)
    for thread, user in rows.values_list("thread_id", "user_id"):
        found[thread].add(user)
    return found


def _news_of_comment(comment: Comment, followers: set[int]) -> Iterator[News]:
    answered = comment.parent.author_id if comment.parent else None
    wanted = followers | ({answered} if answered else set())
    for person in wanted - {comment.author_id}:
        kind = NewsKind.ANSWER if person == answered else NewsKind.COMMENT
        if comment.is_official:
            kind = NewsKind.CITY
        yield News(recipient_id=person, thread_id=comment.thread_id, comment=comment, kind=kind)


def announce_projects() -> int:
    """Tell of new projects whoever follows their neighborhood, district or city; how many."""
    known = Thread.objects.filter(
        kind=SubjectKind.PROJECT, subject_id=OuterRef("pk"), announced_at__isnull=False
    )
    new = Project.objects.listed().filter(~Exists(known)).select_related("neighborhood__parent")
    with transaction.atomic():
        projects = list(new.order_by("pk")[:MOST_AT_ONCE])
        threads = _announced(projects)
        told = [
            News(recipient_id=person, thread=threads[project.pk], kind=NewsKind.PROJECT)
            for project, people in _followed_places(projects)
            for person in people - {project.proposer_id}
        ]
        News.objects.bulk_create(told, ignore_conflicts=True, batch_size=1000)
    return len(projects)


def _announced(projects: Iterable[Project]) -> dict[int, Thread]:
    """The threads of the projects, marked as announced."""
    kind, pks = SubjectKind.PROJECT, [project.pk for project in projects]
    Thread.objects.bulk_create(
        (Thread(kind=kind, subject_id=pk) for pk in pks), ignore_conflicts=True
    )
    threads = Thread.objects.filter(kind=kind, subject_id__in=pks)
    threads.update(announced_at=db_now())
    return {thread.subject_id: thread for thread in threads}


def _followed_places(projects: Iterable[Project]) -> Iterator[tuple[Project, set[int]]]:
    """Each project with whoever follows a place that it lies in."""
    places = {project.pk: _places_of(project) for project in projects}
    wanted = set().union(*places.values())
    found: dict[int, set[int]] = defaultdict(set)
    rows = Follow.objects.filter(
        thread__kind=SubjectKind.NEIGHBORHOOD, thread__subject_id__in=wanted, user__is_active=True
    )
    for place, user in rows.values_list("thread__subject_id", "user_id"):
        found[place].add(user)
    for project in projects:
        yield project, set().union(*(found[place] for place in places[project.pk]))


def _places_of(project: Project) -> set[int]:
    """The ids of its neighborhood and of what that lies in (the tree has three levels)."""
    place = project.neighborhood
    above = place.parent
    return {pk for pk in (place.pk, place.parent_id, above.parent_id if above else None) if pk}


def mail_news(*paces: Pace) -> int:
    """Mail what people of these paces have not read yet, one mail to each; how many mails."""
    theirs = Q(mail_pace__pace__in=paces)
    if Pace.DAILY in paces:
        theirs |= Q(mail_pace__isnull=True)
    waiting = News.objects.filter(
        recipient=OuterRef("pk"), mailed_at__isnull=True, read_at__isnull=True
    )
    people = User.objects.filter(theirs, Exists(waiting), is_active=True).order_by("pk")
    return sum(_mail(person) for person in people)


def _mail(person: User) -> int:
    """One mail about all that this person has not read and was not sent; 0 where nothing is."""
    with transaction.atomic():
        unsent = News.objects.filter(recipient=person, mailed_at__isnull=True, read_at__isnull=True)
        pks = list(unsent.select_for_update(skip_locked=True).values_list("pk", flat=True))
        rows = news_of(person).filter(pk__in=pks, created_at__gt=db_now() - NOT_OLDER_THAN)
        context = {"items": _items(person, rows), "notices_url": reverse("my_notices")}
        News.objects.filter(pk__in=pks).update(mailed_at=db_now())
        if not context["items"]:
            return 0
        newest = max(rows, key=lambda row: row.pk)
        return tell_all("news", [Letter(person, newest, context, topic=Topic.FOLLOWING)])


def _items(person: User, rows: Iterable[News]) -> list[dict[str, Any]]:  # as JSON keeps them
    """What is told, by subject, in counts: no words and no names, which may be gone by then."""
    counts: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.thread.kind, row.thread.subject_id][row.kind] += 1
    subjects = visible_subjects(person, counts.keys())
    items = [
        {"title": subject.title, "url": subject.url, **counts[key]}
        for key, subject in subjects.items()
    ]
    return sorted(items, key=lambda item: str(item["title"]))[:MOST_IN_A_MAIL]
