"""What is new and what comes, for feed readers and calendars: public facts only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from civicfund.audit.services import db_now
from civicfund.calendars import calendar_response
from civicfund.talk.access import Subject, visible_subject
from civicfund.town.selectors import Entry, dates_of, entries_of
from civicfund.words import seen


class Atom(Feed[Entry, Subject]):
    """What was said and what happened about one thing, the newest first."""

    feed_type = Atom1Feed

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Subject:
        """The thing, as a stranger sees it, whoever asks."""
        return visible_subject(AnonymousUser(), kwargs["kind"], kwargs["pk"])

    def title(self, subject: Subject) -> str:
        """Its name and the town's."""
        return f"{seen(subject.title)} ({settings.TOWN_NAME})"

    def link(self, subject: Subject) -> str:
        """Its page."""
        return subject.url

    def subtitle(self, subject: Subject) -> str:
        """What the feed holds."""
        return _("What is new about it")

    def items(self, subject: Subject) -> Iterable[Entry]:
        """The newest entries."""
        return entries_of(subject)

    def item_title(self, item: Entry) -> str:
        """What happened."""
        return seen(item.title)

    def item_description(self, item: Entry) -> str:
        """What was said, as HTML that is safe, without what is not allowed in XML."""
        return seen(item.html)

    def item_link(self, item: Entry) -> str:
        """Where it stands."""
        return item.url

    def item_pubdate(self, item: Entry) -> datetime:
        """When it happened."""
        return item.at

    def item_author_name(self, item: Entry) -> str:
        """Who said it."""
        return seen(item.author)


atom = require_safe(Atom())


@require_safe
def calendar(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The dates of one thing: phases and verdicts of a cycle, the last hour of a campaign, what a
    plan says.
    """
    subject = visible_subject(AnonymousUser(), kind, pk)
    return calendar_response(subject.title, dates_of(subject), now=db_now())
