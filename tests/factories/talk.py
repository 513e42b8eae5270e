from __future__ import annotations

import factory

from civicfund.talk.access import visible_subject
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment, Thread
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory


class ThreadFactory(factory.django.DjangoModelFactory):
    """A thread about a public project; it is there where somebody follows the project."""

    class Meta:
        model = Thread
        django_get_or_create = ("kind", "subject_id")

    kind = SubjectKind.PROJECT
    subject_id = factory.LazyFunction(lambda: ProjectFactory().pk)


class CommentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Comment

    thread = factory.SubFactory(ThreadFactory)
    author = factory.SubFactory(UserFactory)
    body = "A bench would be good."


def subject_of(comment, user=None):
    """What a comment is about, as its author sees it."""
    thread = comment.thread
    return visible_subject(user or comment.author, thread.kind, thread.subject_id)


def about(project, user=None):
    return visible_subject(user or project.proposer, SubjectKind.PROJECT, project.pk)
