"""The part of a page on which people talk about what it shows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from django import template
from django.http import Http404
from django.utils import timezone
from django.utils.translation import ngettext

from civicfund.people.models import User
from civicfund.talk.access import Person, Subject, judges, thread_about, visible_subject
from civicfund.talk.enums import NewsKind, SubjectKind
from civicfund.talk.forms import ThreadForm
from civicfund.talk.models import EDITABLE_FOR, Comment
from civicfund.talk.selectors import follows, newest_of, unread_count, with_replies
from civicfund.templatetags.drawn import says_all

register = template.Library()


@register.inclusion_tag("talk/_section.html", takes_context=True)
def talk_about(context: template.Context, kind: str, pk: int) -> dict[str, Any]:
    """What was said about it lately, and a form; nothing where it cannot be talked about, and of a
    draft nothing before anything was said.
    """
    request = context["request"]
    try:
        subject = visible_subject(request.user, kind, pk)
    except Http404:
        return {"subject": None}
    said, has_more = newest_of(thread_about(subject))
    if not (subject.is_public or said or _follows(request.user, kind, pk)):
        return {"subject": None}
    return {
        "request": request,
        "user": request.user,
        "subject": subject,
        "has_more": has_more,
        "branches": with_replies(said),
        "judges": judges(request.user, subject),
        "form": ThreadForm(subject=subject),
    }


@register.inclusion_tag("talk/_follow.html", takes_context=True)
def follow_button(context: template.Context, kind: str, pk: int) -> dict[str, Any]:
    """A button to follow this subject, or to follow it no more; for whoever is signed in."""
    user = context["request"].user
    return {
        "user": user,
        "kind": kind,
        "pk": pk,
        "followed": _follows(user, kind, pk),
        "csrf_token": context.get("csrf_token"),
    }


def _follows(user: Person, kind: str, pk: int) -> bool:
    return isinstance(user, User) and follows(user, kind, pk)


@register.simple_tag
def unread_notices(user: User) -> int:
    """How many notices somebody has not read."""
    return unread_count(user)


@register.filter
def told(item: dict[str, Any]) -> list[str]:
    """What a mail says of one subject: counts of what was said, and facts in words."""
    counted: dict[NewsKind, Callable[[int], str]] = {
        NewsKind.ANSWER: lambda n: ngettext("%(n)d answer to you", "%(n)d answers to you", n),
        NewsKind.COMMENT: lambda n: ngettext("%(n)d new comment", "%(n)d new comments", n),
    }
    facts = [kind for kind in NewsKind if kind not in counted and item.get(kind)]
    said = [kind for kind in counted if item.get(kind)]
    return [
        *(str(kind.label) for kind in facts),
        *(counted[kind](item[kind]) % {"n": item[kind]} for kind in said),
    ]


@register.filter
def may_edit(comment: Comment, user: Person) -> bool:
    """Whether this person could still say it in other words, by this server's clock."""
    if comment.hiding or not is_by(comment, user):
        return False
    return timezone.now() < comment.created_at + EDITABLE_FOR


@register.filter
def may_delete(comment: Comment, user: Person) -> bool:
    """Whether this person could take it back: an update's own words stay."""
    return is_by(comment, user) and not comment.is_of_an_update and not comment.is_correction


@register.filter
def is_by(comment: Comment, user: Person) -> bool:
    """Whether these are this person's words, and still there."""
    return user.is_authenticated and comment.author_id == user.pk and comment.deleted_at is None


@says_all
class ReportedLine(NamedTuple):
    """All that the moderators' desk shows of a reported comment: it is found by exactly this."""

    pk: int
    body: str
    title: str
    waiting: int
    since: datetime
    ticked: bool


@register.simple_tag
def reported_line(comment: Comment, title: str, ticked: Collection[str]) -> ReportedLine:
    """A comment of ``flagged_comments`` for ``<c-reported-line>``; ``ticked`` are ids as sent."""
    found = vars(comment)
    return ReportedLine(
        pk=comment.pk,
        body=comment.body,
        title=str(title),
        waiting=found["waiting"],
        since=found["since"],
        ticked=str(comment.pk) in ticked,
    )


@says_all
class Said(NamedTuple):
    """All that a page may show of a comment to one person: it is found again by exactly this."""

    pk: int
    author: str
    of_owner: bool
    about_project: bool
    speaks_as: str
    asks: str
    answered: bool
    at: datetime
    is_edited: bool
    is_deleted: bool
    is_hidden: bool
    hidden_for: str
    hidden_words: str
    outcome: str
    body: str
    is_mine: bool
    may_answer: bool
    may_edit: bool
    may_delete: bool
    may_appeal: bool
    may_report: bool
    may_judge: bool

    @property
    def anchor(self) -> str:
        """Its name within a page."""
        return f"comment-{self.pk}"


@register.simple_tag
def said(
    comment: Comment,
    subject: Subject,
    user: Person,
    alone: bool | str = False,
    judges: bool | str = False,
) -> Said:
    """A comment for ``<c-comment>``, as this person sees it; ``alone`` where nobody answers it,
    ``judges`` where this person is a moderator of what is said there.
    """
    hiding, is_deleted = comment.hiding, comment.deleted_at is not None
    stands = hiding is None and not is_deleted
    is_mine = is_by(comment, user)
    wrote_it = user.is_authenticated and comment.author_id == user.pk
    first = comment.parent_id is None
    return Said(
        pk=comment.pk,
        author=str(comment.author) if comment.author else "",
        of_owner=comment.author_id is not None and comment.author_id == subject.owner_id,
        about_project=subject.kind == SubjectKind.PROJECT,
        speaks_as=_speaks_as(comment),
        asks=_asks(comment) if stands else "",
        answered=getattr(comment, "answered", False),
        at=comment.created_at,
        is_edited=comment.edited_at is not None and not is_deleted,
        is_deleted=is_deleted,
        is_hidden=hiding is not None,
        hidden_for=hiding.get_reason_display() if hiding else "",
        hidden_words=hiding.words if hiding else "",
        outcome=hiding.get_outcome_display() if hiding and hiding.outcome else "",
        body=comment.body if hiding is None or wrote_it else "",
        is_mine=is_mine,
        may_answer=first and not alone and subject.may_be_answered,
        may_edit=may_edit(comment, user),
        may_delete=may_delete(comment, user),
        may_appeal=is_mine and hiding is not None and hiding.may_be_appealed,
        may_report=user.is_authenticated and not is_deleted and not wrote_it,
        may_judge=bool(judges) and not is_deleted and not wrote_it,
    )


def _speaks_as(comment: Comment) -> str:
    if comment.is_for_city:
        return "city"
    if comment.is_of_creator:
        return "creator"
    return "correction" if comment.is_correction else ""


def _asks(comment: Comment) -> str:
    return "city" if comment.asks_city else "creator" if comment.asks_creator else ""
