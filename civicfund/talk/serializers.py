"""Comments, as the API writes and reads them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from civicfund.talk.access import Subject
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import LONGEST, Comment, News


class CommentOutput(serializers.ModelSerializer[Comment]):
    """What somebody said; of a deleted comment only its place. Newlines part paragraphs."""

    author = serializers.SerializerMethodField(help_text="Empty where the person has left.")
    body = serializers.CharField(source="shown_body")
    is_deleted = serializers.SerializerMethodField()
    hidden_because = serializers.SerializerMethodField(
        help_text="The code of the moderators' reason; empty where it is shown."
    )
    page = serializers.SerializerMethodField(help_text="Its page, from the site's root.")

    class Meta:
        model = Comment
        fields = [
            "id", "parent", "author", "body", "asks_city", "asks_creator", "is_official",
            "created_at", "edited_at", "is_deleted", "hidden_because", "page",
        ]  # fmt: skip
        read_only_fields = fields

    def get_author(self, comment: Comment) -> str:
        """The name shown to others."""
        return str(comment.author) if comment.author else ""

    def get_is_deleted(self, comment: Comment) -> bool:
        """Whether its author took it back."""
        return comment.deleted_at is not None

    def get_hidden_because(self, comment: Comment) -> str:
        """Why the moderators hide it."""
        return comment.hiding.reason if comment.hiding else ""

    def get_page(self, comment: Comment) -> str:
        """The path of its page."""
        return comment.get_absolute_url()


class CommentInput(serializers.Serializer[Comment]):
    """What somebody writes; an answer names the comment that it answers."""

    body = serializers.CharField(max_length=LONGEST)
    parent = serializers.IntegerField(  # type: ignore[assignment]  # a field by this name
        required=False, allow_null=True, min_value=1
    )
    asks_city = serializers.BooleanField(
        default=False, help_text="A question to the city; answers ask nothing."
    )
    asks_creator = serializers.BooleanField(
        default=False, help_text="A question to the creator of a campaign, about which it is."
    )


class WordsInput(serializers.Serializer[Comment]):
    """The other words of an edit."""

    body = serializers.CharField(max_length=LONGEST)


class SubjectOutput(serializers.Serializer[Any]):  # of subjects, which are no rows
    """A thing that somebody follows."""

    kind = serializers.ChoiceField(choices=SubjectKind.choices)
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    page = serializers.CharField(source="url", help_text="Its page, from the site's root.")


class NoticeOutput(serializers.ModelSerializer[News]):
    """One thing that somebody was told; never what another person was told."""

    about = serializers.SerializerMethodField(help_text="What it is about.")
    page = serializers.SerializerMethodField(help_text="Where it stands, from the site's root.")

    class Meta:
        model = News
        fields = ["id", "kind", "about", "page", "created_at", "read_at"]
        read_only_fields = fields

    @extend_schema_field(SubjectOutput)
    def get_about(self, news: News) -> dict[str, Any]:
        """The subject of its thread."""
        return dict(SubjectOutput(self._subject(news)).data)

    def get_page(self, news: News) -> str:
        """The comment's page, or the subject's."""
        return news.comment.get_absolute_url() if news.comment else self._subject(news).url

    def _subject(self, news: News) -> Subject:
        subjects: dict[tuple[str, int], Subject] = self.context["subjects"]
        return subjects[news.thread.kind, news.thread.subject_id]
