"""Threads over the API."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from civicfund.people.requests import person_of
from civicfund.talk.access import (
    own_comment,
    readable_comment,
    thread_about,
    visible_comment,
    visible_subject,
    visible_subjects,
)
from civicfund.talk.models import Comment, News, Thread
from civicfund.talk.requests import may_write_now
from civicfund.talk.selectors import followed_by, news_of
from civicfund.talk.serializers import (
    CommentInput,
    CommentOutput,
    NoticeOutput,
    SubjectOutput,
    WordsInput,
)
from civicfund.talk.services import TalkError, delete_comment, edit_comment, write_comment


class OneThread(ListAPIView[Comment]):
    """All that was said about one thing, newest first, answers among it; and more."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = CommentOutput
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Comment]:
        """As the pages show it, without the order of answers."""
        if getattr(self, "swagger_fake_view", False):
            return Comment.objects.none()
        subject = visible_subject(self.request.user, self.kwargs["kind"], self.kwargs["pk"])
        return Comment.objects.filter(thread=thread_about(subject)).whole().order_by("-id")

    @extend_schema(request=CommentInput, responses={201: CommentOutput})
    def post(self, request: Request, kind: str, pk: int) -> Response:
        """Say something, or answer."""
        person = person_of(request)
        subject = visible_subject(person, kind, pk)
        given = CommentInput(data=request.data)
        given.is_valid(raise_exception=True)
        if not may_write_now(request, person):
            raise Throttled
        said = given.validated_data
        answered = said.pop("parent", None)
        parent = visible_comment(person, answered)[0] if answered else None
        written = _told(lambda: write_comment(subject, by=person, parent=parent, **said))
        return Response(CommentOutput(written).data, status=status.HTTP_201_CREATED)


class OneComment(APIView):
    """One comment; its author edits and deletes it."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=CommentOutput)
    def get(self, request: Request, pk: int) -> Response:
        """What was said."""
        return Response(CommentOutput(readable_comment(request.user, pk)[0]).data)

    @extend_schema(request=WordsInput, responses=CommentOutput)
    def patch(self, request: Request, pk: int) -> Response:
        """Say it in other words, within a quarter of an hour."""
        person = person_of(request)
        found, _subject = own_comment(person, pk)
        given = WordsInput(data=request.data)
        given.is_valid(raise_exception=True)
        words = given.validated_data["body"]
        edited = _told(lambda: edit_comment(found, by=person, body=words))
        return Response(CommentOutput(edited).data)

    @extend_schema(responses=CommentOutput)
    def delete(self, request: Request, pk: int) -> Response:
        """Take back what one said; what is left of it."""
        person = person_of(request)
        found, _subject = own_comment(person, pk)
        return Response(CommentOutput(_told(lambda: delete_comment(found, by=person))).data)


class MyFollows(ListAPIView[Thread]):
    """What I follow, the newest first, a page at a time."""

    permission_classes = (IsAuthenticated,)
    serializer_class = SubjectOutput
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Thread]:
        """The threads of what I follow."""
        if getattr(self, "swagger_fake_view", False):
            return Thread.objects.none()
        return followed_by(person_of(self.request))

    def list(self, request: Request, *given: object, **named: object) -> Response:
        """Without what I may not see now."""
        threads = self.paginate_queryset(self.get_queryset()) or []
        found = visible_subjects(request.user, {(t.kind, t.subject_id) for t in threads})
        subjects = [found[key] for t in threads if (key := (t.kind, t.subject_id)) in found]
        return self.get_paginated_response(SubjectOutput(subjects, many=True).data)


class MyNotices(ListAPIView[News]):
    """What I was told, the newest first, a page at a time; nothing is marked as read here."""

    permission_classes = (IsAuthenticated,)
    serializer_class = NoticeOutput
    filter_backends = ()

    def get_queryset(self) -> QuerySet[News]:
        """My notices, without what is hidden or deleted by now."""
        if getattr(self, "swagger_fake_view", False):
            return News.objects.none()
        return news_of(person_of(self.request))

    def list(self, request: Request, *given: object, **named: object) -> Response:
        """Without notices of what I may not see now."""
        rows = self.paginate_queryset(self.get_queryset()) or []
        keys = {(row.thread.kind, row.thread.subject_id) for row in rows}
        subjects = visible_subjects(request.user, keys)
        shown = [row for row in rows if (row.thread.kind, row.thread.subject_id) in subjects]
        data = NoticeOutput(shown, many=True, context={"subjects": subjects}).data
        return self.get_paginated_response(data)


def _told(act: Callable[[], Comment]) -> Comment:
    """What the act made; its refusal as the reason."""
    try:
        return act()
    except TalkError as refusal:
        raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [str(refusal)]}) from refusal
