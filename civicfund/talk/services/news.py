"""Who is told what: gathered by sweeps, told once, mailed as often as each person wants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from civicfund.audit.services import db_now
from civicfund.notices.enums import Topic
from civicfund.notices.services import Letter, tell_all, written_of
from civicfund.people.models import User
from civicfund.projects.enums import MergeState, ProjectState
from civicfund.projects.models import Merge, Project
from civicfund.projects.selectors.merges import parts_of
from civicfund.projects.services.merging import MERGED
from civicfund.talk.access import Subject, visible_subjects
from civicfund.talk.enums import NewsKind, Pace, SubjectKind
from civicfund.talk.models import Comment, Follow, News, Thread
from civicfund.talk.selectors import is_told, news_of, source_of, untold_events
from civicfund.talk.selectors.words import words_of
from civicfund.talk.services.facts import Happened, in_places, tell_facts

NEWS = "news"
MOST_AT_ONCE = 500
MOST_IN_A_MAIL = 20
# What is older is not mailed any more: somebody had switched mail off.
NOT_OLDER_THAN = timedelta(days=14)


def gather_comments() -> int:
    """Tell of comments whoever follows their thread, or what became part of the project that it is
    about, and whoever is answered; how many comments.

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
    heard = {thread: {thread} for thread in threads}
    for thread, part in _threads_of_parts(threads):
        heard.setdefault(part, set()).add(thread)
    rows = Follow.objects.filter(thread__in=heard, user__is_active=True)
    for thread, user in rows.values_list("thread_id", "user_id"):
        for told in heard[thread]:
            found[told].add(user)
    return found


def _threads_of_parts(threads: Collection[int]) -> Iterator[tuple[int, int]]:
    """Threads about projects, each with one about what became part of the project."""
    projects = dict(
        Thread.objects.filter(pk__in=threads, kind=SubjectKind.PROJECT).values_list(
            "subject_id", "pk"
        )
    )
    wholes = {part: whole for whole, parts in parts_of(projects).items() for part in parts}
    about = Thread.objects.filter(kind=SubjectKind.PROJECT, subject_id__in=wholes)
    for part, thread in about.values_list("subject_id", "pk"):
        yield projects[wholes[part]], thread


def _news_of_comment(comment: Comment, followers: set[int]) -> Iterator[News]:
    answered = comment.parent.author_id if comment.parent else None
    wanted = followers | ({answered} if answered else set())
    for person in wanted - {comment.author_id}:
        kind = NewsKind.ANSWER if person == answered else NewsKind.COMMENT
        if comment.is_for_city:
            kind = NewsKind.CITY
        elif comment.is_of_creator:
            kind = NewsKind.CREATOR
        yield News(recipient_id=person, thread_id=comment.thread_id, comment=comment, kind=kind)


def tell_of_projects() -> int:
    """Tell who follows a place of what is new there, and who follows a project of its merging."""
    return tell_facts([*_new_projects(), *_merged_projects()])


def _new_projects() -> Iterator[Happened]:
    new = Project.objects.listed().filter(~is_told("project"))
    rows = new.select_related("neighborhood__parent").order_by("pk")
    for project in rows.defer("story", "neighborhood__boundary")[:MOST_AT_ONCE]:
        yield Happened(
            (SubjectKind.PROJECT, project.pk),
            NewsKind.PROJECT,
            f"project:{project.pk}",
            heard_by=in_places(project.neighborhood.lineage),
            by=frozenset({project.proposer_id}),
        )


def _merged_projects() -> Iterator[Happened]:
    """Those that still are: what was undone before anybody heard of it is no news.

    Nor is that one is shown again which was merged before it was hidden. Who was written to of it
    when it was merged gets no second mail.
    """
    merged = Project.objects.filter(state=ProjectState.MERGED)
    events = untold_events(merged, ["project.merged"]).exclude(data__old=ProjectState.HIDDEN)
    found = list(events[:MOST_AT_ONCE])
    written = _written_of_merges({int(event.target_id) for event in found})
    for event in found:
        project = int(event.target_id)
        yield Happened(
            (SubjectKind.PROJECT, project),
            NewsKind.MERGED,
            source_of(event),
            by=frozenset({event.actor_id} if event.actor_id else ()),
            written_to=written.get(project, frozenset()),
        )


def _written_of_merges(projects: Collection[int]) -> dict[int, frozenset[int]]:
    """Who was written to when these became part of others, by project."""
    if not projects:
        return {}
    agreed = Merge.objects.filter(project__in=projects, state=MergeState.AGREED)
    letters = written_of(MERGED, agreed)
    return {project: letters[pk] for pk, project in agreed.values_list("pk", "project")}


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
        rows = list(news_of(person).filter(pk__in=pks, created_at__gt=db_now() - NOT_OLDER_THAN))
        context = {"items": _items(person, rows), "notices_url": reverse("my_notices")}
        News.objects.filter(pk__in=pks).update(mailed_at=db_now())
        if not context["items"]:
            return 0
        newest = max(rows, key=lambda row: row.pk)
        return tell_all(NEWS, [Letter(person, newest, context, topic=Topic.FOLLOWING)])


def _items(person: User, rows: Collection[News]) -> list[dict[str, Any]]:  # as JSON keeps them
    """What is told, by subject, in counts: no names and nobody's words, which may be gone by then;
    of a fact what more there is to say, which stays.
    """
    counts: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    said: dict[tuple[str, int], list[str]] = defaultdict(list)
    words = words_of(rows)
    for row in rows:
        key = (row.thread.kind, row.thread.subject_id)
        counts[key][row.kind] += 1
        if row.pk in words:
            said[key].append(words[row.pk])
    subjects = visible_subjects(person, counts.keys())
    items = [
        _named(subject) | counts[key] | ({"said": said[key]} if key in said else {})
        for key, subject in subjects.items()
    ]
    return sorted(items, key=lambda item: str(item["title"]))[:MOST_IN_A_MAIL]


def _named(subject: Subject) -> dict[str, Any]:  # as JSON keeps it
    return {
        "about": [subject.kind.value, subject.pk],
        "title": subject.title,
        "url": subject.url,
    }


def news_as_it_is(person: User, context: dict[str, Any]) -> dict[str, Any] | None:
    """What a mail that waited tells, without what this person may not see by now.

    One from before an upgrade does not say what it is about, and goes as it was written.
    """
    if not all("about" in item for item in context["items"]):
        return context
    told = [(tuple(item["about"]), item) for item in context["items"]]
    subjects = visible_subjects(person, [key for key, _item in told])
    items = [item | _named(subjects[key]) for key, item in told if key in subjects]
    return context | {"items": items} if items else None
