"""Threads, and what people say in them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from civicfund.talk.enums import SubjectKind

if TYPE_CHECKING:
    from civicfund.talk.models.moderation import Hiding

EDITABLE_FOR = timedelta(minutes=15)
LONGEST = 4_000


class Thread(models.Model):
    """What is said about one thing, named by kind and id: most of them stand above this app."""

    kind = models.CharField(_("about a"), max_length=16, choices=SubjectKind.choices)
    subject_id = models.BigIntegerField(_("its number"))

    class Meta:
        verbose_name = _("thread")
        verbose_name_plural = _("threads")
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject_id"], name="thread_of_subject"),
            models.CheckConstraint(
                condition=Q(kind__in=SubjectKind.values), name="thread_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class CommentQuerySet(models.QuerySet["Comment"]):
    """Questions about comments."""

    def whole(self) -> CommentQuerySet:
        """Each with all that a page shows of it; ``answered`` says whether who was asked did."""
        return self.said().select_related("author", "thread", "parent")

    def said(self) -> CommentQuerySet:
        """The same for those whose thread and parent are at hand already."""
        answers = Comment.objects.official_answers().filter(parent=OuterRef("pk"))
        return self.written().annotate(answered=Exists(answers))

    def written(self) -> CommentQuerySet:
        """The same without ``answered``."""
        return self.select_related("author").prefetch_related("hidings")

    def official_answers(self) -> CommentQuerySet:
        """What whoever was asked says, where anybody can read it."""
        return self.shown().filter(is_official=True)

    def shown(self) -> CommentQuerySet:
        """Those that anybody can read: neither deleted nor hidden."""
        now = FilteredRelation("hidings", condition=Q(hidings__lifted_at__isnull=True))
        return self.alias(hidden_now=now).filter(hidden_now__isnull=True, deleted_at__isnull=True)

    def unanswered(self) -> CommentQuerySet:
        """What stands there and whoever was asked has not answered."""
        answers = Comment.objects.official_answers().filter(parent=OuterRef("pk"))
        return self.shown().filter(~Exists(answers))

    def open_questions(self) -> CommentQuerySet:
        """Questions to the city that nobody has answered for it."""
        return self.unanswered().filter(asks_city=True)

    def open_to_creator(self) -> CommentQuerySet:
        """Questions to the creator of a campaign that they have not answered."""
        return self.unanswered().filter(asks_creator=True)


class Comment(models.Model):
    """Something that a person says to everybody; an answer to it has it as ``parent``.

    The words go when the author deletes it, the author when the person is erased; the place in
    the thread stays. A trigger keeps answers one level deep and within their thread, and the words
    as they were once the minutes to edit are over.
    """

    thread = models.ForeignKey(Thread, models.CASCADE, related_name="comments")
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="replies"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="comments"
    )
    body = models.TextField(_("words"), blank=True)
    # A question to the city or to a campaign's creator, and what answers it for them. What is
    # official below an update is its correction.
    asks_city = models.BooleanField(_("question to the city"), default=False)
    asks_creator = models.BooleanField(_("question to the creator"), default=False)
    is_official = models.BooleanField(_("official answer, or correction"), default=False)
    created_at = models.DateTimeField(_("said"), db_default=Now())
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    # When whoever wants to know was told of it.
    gathered_at = models.DateTimeField(_("told on"), null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes = [
            # A page of a thread, newest first.
            models.Index(
                fields=["thread", "-id"],
                condition=Q(parent__isnull=True),
                name="comment_page_of_thread",
            ),
            # The answers to a page's comments.
            models.Index(fields=["parent", "id"], name="comment_replies"),
            # The sweep that tells.
            models.Index(
                fields=["id"], condition=Q(gathered_at__isnull=True), name="comment_ungathered"
            ),
            # The desk of open questions.
            models.Index(
                fields=["created_at"], condition=Q(asks_city=True), name="comment_questions"
            ),
            # The sweep that tells of corrections.
            models.Index(
                fields=["created_at"], condition=Q(is_official=True), name="comment_official"
            ),
            # A creator's desk.
            models.Index(
                fields=["thread", "created_at"],
                condition=Q(asks_creator=True),
                name="comment_creator_questions",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(Q(body="") & Q(deleted_at__isnull=False))
                | (~Q(body="") & Q(deleted_at__isnull=True)),
                name="comment_empty_iff_deleted",
            ),
            models.CheckConstraint(
                condition=Q(asks_city=False, asks_creator=False)
                | Q(parent__isnull=True, is_official=False),
                name="comment_question_comes_first",
            ),
            models.CheckConstraint(
                condition=Q(asks_city=False) | Q(asks_creator=False), name="comment_asks_one"
            ),
            models.CheckConstraint(
                condition=Q(is_official=False) | Q(parent__isnull=False),
                name="comment_official_is_an_answer",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("body"), LONGEST), name="comment_not_too_long"
            ),
            models.CheckConstraint(
                condition=Q(edited_at__isnull=True)
                | Q(edited_at__lte=F("created_at") + EDITABLE_FOR),
                name="comment_edited_in_time",
            ),
        ]

    hiding_read: Hiding | None

    def __str__(self) -> str:
        return f"comment {self.pk}"

    def get_absolute_url(self) -> str:
        """Its own page; that of an answer leads to its place below what it answers."""
        return reverse("comment", args=[self.pk])

    @property
    def anchor(self) -> str:
        """Its name within a page."""
        return f"comment-{self.pk}"

    @property
    def is_of_an_update(self) -> bool:
        """Whether these are an update's own words, and not an answer to it."""
        return self.parent_id is None and self.thread.kind == SubjectKind.UPDATE

    @property
    def is_for_city(self) -> bool:
        """Whether it answers a question to the city, for the city."""
        return self.is_official and self.parent is not None and self.parent.asks_city

    @property
    def is_of_creator(self) -> bool:
        """Whether a campaign's creator answers with it what they were asked."""
        return self.is_official and self.parent is not None and self.parent.asks_creator

    @property
    def is_correction(self) -> bool:
        """Whether it corrects what an update says above."""
        return self.is_official and not self.is_for_city and not self.is_of_creator

    @property
    def hiding(self) -> Hiding | None:
        """Why moderators hide it now; None where they do not. A page reads it for all at once."""
        if "hiding_read" in vars(self):
            return self.hiding_read
        return next((each for each in self.hidings.all() if each.lifted_at is None), None)

    @property
    def shown_body(self) -> str:
        """What everybody may read of it: nothing where it is hidden or deleted."""
        return "" if self.hiding else self.body
