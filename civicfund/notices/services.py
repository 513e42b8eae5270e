"""Telling people, once each, and delivering what was told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, timedelta
from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import models, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import override

from civicfund.audit.services import db_now, record
from civicfund.notices.enums import ASKED_FOR, Topic
from civicfund.notices.models import Message, OptIn, OptOut
from civicfund.people.models import User
from civicfund.people.selectors import superusers

log = structlog.get_logger(__name__)

MOST_TRIES = 8
# The mail server's, or on the way to it; whatever else goes wrong with a mail is a fault of ours.
MAIL_TROUBLE = (SMTPException, OSError)
_TOPIC, _STOP = "topic", "notices.stop"
_Pair = tuple[int, Topic]  # a person's id, and what mail is about


@dataclass(frozen=True)
class Letter:
    """What one person is to be told about one thing; ``context`` is kept as JSON.

    A letter with a ``topic`` can be done without: whoever switched that off gets none. One of a
    ``day`` comes once on that day, and may come again on another about the same thing.
    """

    recipient: User
    about: models.Model
    context: dict[str, Any]
    topic: Topic | None = None
    day: date | None = None

    @property
    def kept(self) -> dict[str, Any]:
        """The context, and the topic where there is one."""
        return self.context | ({_TOPIC: self.topic.value} if self.topic else {})

    @property
    def source(self) -> str:
        """What it is about, which nobody is told twice."""
        of_day = f"@{self.day.isoformat()}" if self.day else ""
        return f"{_source(self.about)}{of_day}"


class BadLinkError(Exception):
    """The link is not ours, or whom it was for is gone."""


@dataclass(frozen=True)
class StopLink:
    """What a mail's link lets its reader switch off: one topic for one person."""

    user: User
    topic: Topic

    @property
    def address(self) -> str:
        """The page that does it, without signing in."""
        token = signing.dumps([self.user.pk, self.topic.value], salt=_STOP)
        return reverse("stop_mail", args=[token])

    @classmethod
    def read(cls, token: str) -> StopLink:
        """What a link is about. Raises ``BadLinkError``."""
        try:
            pk, topic = signing.loads(token, salt=_STOP)
            return cls(User.objects.get(pk=pk), Topic(topic))
        except (signing.BadSignature, User.DoesNotExist, ValueError):
            raise BadLinkError from None


def stop_mail(link: StopLink) -> None:
    """Send this person nothing more about the topic; also not what waits in the outbox."""
    if link.topic in ASKED_FOR:
        OptIn.objects.filter(user=link.user, topic=link.topic).delete()
    else:
        OptOut.objects.get_or_create(user=link.user, topic=link.topic)


def allow_mail(link: StopLink) -> None:
    """Send mail about the topic, again or for the first time."""
    if link.topic in ASKED_FOR:
        OptIn.objects.get_or_create(user=link.user, topic=link.topic)
    else:
        OptOut.objects.filter(user=link.user, topic=link.topic).delete()


def forget_recipient(person: User) -> None:
    """Of somebody who is erased: what was written to them, and what mail they chose, is gone."""
    Message.objects.filter(recipient=person).delete()
    OptIn.objects.filter(user=person).delete()
    OptOut.objects.filter(user=person).delete()


def wants_mail(user: User, topic: Topic) -> bool:
    """Whether mail about the topic may go to this person now."""
    return not _unwanted({(user.pk, topic)})


def _unwanted(pairs: Set[_Pair]) -> Set[_Pair]:
    """Of people and topics: who switched it off, or never asked for it."""
    asked_for = {pair for pair in pairs if pair[1] in ASKED_FOR}
    others = pairs - asked_for
    return (asked_for - _chosen(OptIn, asked_for)) | (others & _chosen(OptOut, others))


def _chosen(table: type[OptIn | OptOut], pairs: Set[_Pair]) -> Set[_Pair]:
    """Those of the pairs that the table has."""
    if not pairs:
        return set()
    people, topics = {person for person, _topic in pairs}, {topic for _person, topic in pairs}
    rows = table._default_manager.filter(user__in=people, topic__in=topics)
    return {(person, Topic(topic)) for person, topic in rows.values_list("user_id", "topic")}


def tell(recipient: User, kind: str, about: models.Model, **context: Any) -> None:
    """Put one message in the outbox; telling the same person the same thing again does nothing.

    ``kind`` names the templates ``emails/<kind>.txt`` (first line: the subject) and
    ``emails/<kind>.html``. ``context`` is kept as JSON and given to both.
    """
    tell_all(kind, [Letter(recipient, about, context)])


def tell_all(kind: str, letters: Iterable[Letter]) -> int:
    """Put many messages of one kind in the outbox at once, each like ``tell``.

    How many letters there were, but for those that nobody wants or that go to whoever is erased.
    """
    letters = list(letters)
    unwanted = _unwanted({(each.recipient.pk, each.topic) for each in letters if each.topic})
    wanted = [
        each
        for each in letters
        if (each.recipient.pk, each.topic) not in unwanted and each.recipient.erased_at is None
    ]
    Message.objects.bulk_create(
        (
            Message(
                kind=kind,
                source=letter.source,
                recipient=letter.recipient,
                context=letter.kept,
            )
            for letter in wanted
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )
    return len(wanted)


def tell_who_gives_roles(appealed: models.Model, *, what: str, title: str) -> None:
    """Write to the superusers that an appeal waits that no moderator may decide: they find one.

    ``what`` was hidden or stopped is named by a word of the templates.
    """
    context = {"what": what, "title": title, "desk_url": reverse("roles_desk")}
    tell_all("appeal_of_nobody", [Letter(person, appealed, context) for person in superusers()])


def take_back(
    kind: str, about: models.QuerySet[Any], *, recipients: Iterable[int] | None = None
) -> None:
    """Take messages of one kind out of the outbox that are not sent yet and no longer true.

    ``recipients`` are ids of people, or a query for them; without, whoever they are for.
    """
    waiting = Message.objects.filter(kind=kind, sent_at__isnull=True, given_up_at__isnull=True)
    if recipients is not None:
        waiting = waiting.filter(recipient__in=recipients)
    sources = set(waiting.values_list("source", flat=True).distinct())
    if sources:
        gone = {_source(row) for row in about.only("pk")}
        waiting.filter(source__in=sources & gone).delete()


def written_to(kind: str, about: models.Model) -> QuerySet[Message, int]:
    """The ids of those to whom a message of this kind about it was sent, or still is."""
    letters = Message.objects.filter(kind=kind, source=_source(about), given_up_at__isnull=True)
    return letters.values_list("recipient_id", flat=True)


def written_of(kind: str, about: models.QuerySet[Any]) -> dict[int, frozenset[int]]:
    """The same for each of these rows, by its id, in two queries."""
    rows = {_source(row): row.pk for row in about.only("pk")}
    found: dict[int, set[int]] = {pk: set() for pk in rows.values()}
    letters = Message.objects.filter(kind=kind, source__in=rows, given_up_at__isnull=True)
    for source, recipient in letters.values_list("source", "recipient_id"):
        found[rows[source]].add(recipient)
    return {pk: frozenset(people) for pk, people in found.items()}


def forget_messages(about: models.QuerySet[Any]) -> None:
    """Delete what was written about these, sent or not: nothing of it is kept any more."""
    Message.objects.filter(source__in=[_source(row) for row in about.only("pk")]).delete()


Look = Callable[[User, dict[str, Any]], dict[str, Any] | None]
"""What a mail says to somebody, as things are when it leaves; None where it is not sent."""

_looks: dict[str, Look] = {}


def looked_at_again(look: Look, *kinds: str) -> None:
    """Ask this as a message of these kinds leaves: what it tells of may be hidden by then."""
    _looks.update(dict.fromkeys(kinds, look))


def _source(about: models.Model) -> str:
    return f"{about._meta.label_lower}:{about.pk}"


def send_next() -> bool:
    """Send the message that waits longest; False where none is due.

    The row stays locked while the mail server answers, so that two workers send it once. A crash
    between the server's yes and the commit sends it again: a mail may come twice, and never not.
    """
    with transaction.atomic():
        message = (
            Message.objects.due()
            .select_related("recipient")
            .select_for_update(of=("self",), skip_locked=True)
            .first()
        )
        if message is None:
            return False
        _try_to_send(message)
    return True


def log_not_sent(event: str, error: Exception, **about: int) -> bool:
    """Log that a mail was not sent, with a trace where that is a fault of ours; whether it is the
    mail server's, or on the way to it.
    """
    expected = isinstance(error, MAIL_TROUBLE)
    say = log.warning if expected else log.error
    say(event, **about, error=type(error).__name__, exc_info=not expected)
    return expected


def send_again(message: Message, *, by: User) -> None:
    """Put a message in the outbox once more, as it was."""
    Message.objects.filter(pk=message.pk).update(
        sent_at=None, given_up_at=None, tries=0, next_try_at=db_now()
    )
    record("message.sent_again", message, actor=by)


def _try_to_send(message: Message) -> None:
    """Send, or note when to try again. The caller holds the row's lock."""
    now = db_now()
    if _is_stopped(message):
        Message.objects.filter(pk=message.pk).update(given_up_at=now)
        return
    message.tries += 1
    try:
        if mail := _mail(message):
            mail.send()
            message.sent_at = now
        else:
            message.given_up_at = now
    except Exception as error:  # whatever is wrong with one must not hold up those behind it
        log_not_sent("message.not_sent", error, message=message.pk)
        message.next_try_at = now + timedelta(minutes=2**message.tries)
        if message.tries >= MOST_TRIES:
            message.given_up_at = now
    message.save(update_fields=["tries", "sent_at", "next_try_at", "given_up_at"])


def _is_stopped(message: Message) -> bool:
    topic = message.context.get(_TOPIC)
    return bool(topic) and not wants_mail(message.recipient, Topic(topic))


def _mail(message: Message) -> EmailMultiAlternatives | None:
    """None where nothing of it is to be told any more."""
    context, look = message.context, _looks.get(message.kind)
    said = look(message.recipient, context) if look else context
    if said is None:
        return None
    return compose(message.kind, message.recipient, said, topic=context.get(_TOPIC))


def compose(
    kind: str, recipient: User, context: Mapping[str, Any], *, topic: str | None = None
) -> EmailMultiAlternatives:
    """A mail in text and HTML from the templates of its kind; one click in it ends its topic."""
    context = {
        **context,
        "recipient": recipient,
        "site_url": settings.SITE_URL,
        "town_name": settings.TOWN_NAME,
        "currency": settings.CURRENCY,
    }
    headers = {}
    if topic:
        context["stop_url"] = StopLink(recipient, Topic(topic)).address
        # https://www.rfc-editor.org/rfc/rfc8058
        headers["List-Unsubscribe"] = f"<{settings.SITE_URL}{context['stop_url']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    with override(settings.LANGUAGE_CODE):
        subject, _, text = render_to_string(f"emails/{kind}.txt", context).partition("\n")
        html = render_to_string(f"emails/{kind}.html", context)
    mail = EmailMultiAlternatives(
        subject.strip(), text.strip(), to=[recipient.mail_address], headers=headers
    )
    mail.attach_alternative(html, "text/html")
    return mail
