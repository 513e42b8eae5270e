"""Comments, as the API writes and reads them."""

from __future__ import annotations

from rest_framework import serializers

from civicfund.talk.models import LONGEST, Comment


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
            "id", "parent", "author", "body", "asks_city", "is_official", "created_at",
            "edited_at", "is_deleted", "hidden_because", "page",
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


class WordsInput(serializers.Serializer[Comment]):
    """The other words of an edit."""

    body = serializers.CharField(max_length=LONGEST)
