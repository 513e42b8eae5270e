"""What people type never becomes an element, an attribute, a header or a line of its own."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from django.core import mail
from django.urls import reverse

from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.models import Project
from civicfund.talk.enums import Pace, Wrong
from civicfund.talk.models import Comment
from civicfund.talk.selectors import COMMENTS_PER_PAGE
from civicfund.talk.services import flag_comment, follow
from civicfund.talk.services.news import gather_comments, mail_news
from civicfund.templatetags.prose import plain
from civicfund.words import seen
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory, about
from tests.payloads import PAYLOADS, chunks
from tests.signing_in import sign_in_with_second_factor
from tests.talk.test_moderating import appealed
from tests.town.test_feeds import unfolded

pytestmark = pytest.mark.django_db

# PostgreSQL keeps no NUL; forms and the API refuse it before that.
TYPED = [payload.replace("\x00", "") for payload in PAYLOADS]
OWN_LINKS = ("http://", "https://", "/", "#", "?", "mailto:")


class Elements(HTMLParser):
    """The elements of a page, and whatever in it could run something or lead astray."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(str(value))
            leads = name in ("href", "src", "action", "formaction", "data", "srcdoc", "xlink:href")
            if name.startswith(("on", "hx-on")) or (
                leads and not str(value).startswith((*OWN_LINKS, "data:image/svg+xml"))
            ):
                self.wrong.append(f"<{tag} {name}={value!r}>")

    @property
    def shape(self) -> Counter[str]:
        """How many of each element, but for those that plain words may become."""
        counts = self.tags.items()
        return Counter({tag: n for tag, n in counts if tag not in ("p", "br", "a")})


def assert_harmless(page: str, like: str) -> None:
    """The page has the elements of the one with harmless words, and nothing that runs."""
    found = Elements(page)
    assert found.wrong == []
    assert found.shape == Elements(like).shape


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_the_watch_sees_what_it_is_for():
    """The control: the same strings, shown as they are, are caught."""
    harmless = "<main><p>Hello.</p></main>"
    caught = [
        payload
        for payload in PAYLOADS
        if (found := Elements(f"<main><p>{payload}</p></main>")).wrong
        or found.shape != Elements(harmless).shape
    ]
    assert len(PAYLOADS) >= 120
    assert len(caught) > 60
    assert_harmless("<main><p>Hello, <a href='https://example.org'>you</a>.</p></main>", harmless)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_plain_words_become_paragraphs_and_web_links_at_most(payload):
    found = Elements(str(plain(payload)))
    assert set(found.tags) <= {"p", "br", "a"}
    assert found.wrong == []
    assert [link for link in found.links if not link.startswith(("http://", "https://"))] == []


def test_words_and_names_in_a_thread(client):
    thread = {text: ThreadFactory() for text in ("harmless", "hostile")}
    for payload in TYPED:
        CommentFactory(thread=thread["hostile"], body=payload, author__display_name=payload[:80])
        CommentFactory(thread=thread["harmless"], body="Hello.", author__display_name="Ann")
    client.force_login(UserFactory())
    for place in ("project", "thread"):
        hostile, harmless = (
            page(client, address(place, thread[text])) for text in ("hostile", "harmless")
        )
        assert_harmless(hostile, harmless)
    for number in range(2, -(-len(TYPED) // COMMENTS_PER_PAGE) + 1):
        hostile, harmless = (
            page(client, f"{address('thread', thread[text])}?page={number}")
            for text in ("hostile", "harmless")
        )
        assert_harmless(hostile, harmless)
    listed = client.get(reverse("api_thread", args=["project", thread["hostile"].subject_id]))
    assert listed["Content-Type"] == "application/json"
    assert listed["X-Content-Type-Options"] == "nosniff"
    newest = list(reversed(TYPED))[:50]
    assert [each["body"] for each in listed.json()["results"]] == newest


def address(place, thread):
    if place == "project":
        return reverse("project", args=[thread.subject_id])
    return reverse("thread", args=[thread.kind, thread.subject_id])


def hostile_and_harmless(longest):
    """Texts with all of the strings in them; the last one is harmless."""
    return [*chunks(longest, TYPED), "Hello."]


def of_both_desks(client):
    """Somebody who moderates and speaks for the city, signed in."""
    person = UserFactory()
    for role in (Role.MODERATOR, Role.SPOKESPERSON):
        grant_role(person, role, by=None)
    sign_in_with_second_factor(client, person)
    return person


def test_what_is_typed_in_lists_of_many_subjects(client):
    """The desks and my notices: with hostile words, and then with harmless ones instead."""
    person = of_both_desks(client)
    for text in chunks(120, TYPED):
        thread = ThreadFactory(subject_id=ProjectFactory(title=text).pk)
        follow(about(Project.objects.get(pk=thread.subject_id)), by=person)
        comment = CommentFactory(thread=thread, body=text, asks_city=True)
        flag_comment(comment, by=UserFactory(), reason=Wrong.OTHER)
        appealed(CommentFactory(thread=thread, body=text))
    gather_comments()
    lists = [reverse(name) for name in ("comments_desk", "questions_desk", "my_notices")]
    hostile = [page(client, each) for each in lists]
    Comment.objects.update(body="Hello.")
    Project.objects.update(title="Trees")
    for each, before in zip(lists, hostile, strict=True):
        assert_harmless(before, page(client, each))


def sent():
    mail.outbox.clear()
    while send_next():
        pass
    return mail.outbox


def assert_mails_harmless(mails, like):
    """No header that the harmless mail lacks, one recipient, and no element of anybody else's."""
    for each in mails:
        message = each.message()
        assert sorted(message.keys()) == sorted(like.message().keys())
        assert len(each.recipients()) == 1
        for name in message:
            assert "\n" not in str(message[name]).replace("\n ", "")
        assert_harmless(each.alternatives[0][0], like.alternatives[0][0])


def test_a_digest_about_hostile_titles_holds_no_elements_and_no_headers():
    digests = []
    for text in hostile_and_harmless(120):
        person = UserFactory(display_name=text[:80])
        project = ProjectFactory(title=text)
        follow(about(project), by=person)
        CommentFactory(thread=person.follows.get().thread)
        gather_comments()
        assert mail_news(Pace.DAILY) == 1
        digests += sent()
    assert_mails_harmless(digests[:-1], digests[-1])


def test_feeds_of_hostile_words_stay_well_formed(client):
    project = ProjectFactory()
    thread = ThreadFactory(subject_id=project.pk)
    for payload in TYPED[-50:]:
        CommentFactory(thread=thread, body=seen(payload), author__display_name=payload[:80])
    for text in chunks(120, TYPED):
        ProjectFactory(neighborhood=project.neighborhood, title=text, summary=text)
    for kind, pk in (("project", project.pk), ("neighborhood", project.neighborhood_id)):
        answer = client.get(reverse("atom", args=[kind, pk]))
        feed = ET.fromstring(answer.content)  # noqa: S314 -- our own answer
        known = {"id", "title", "link", "updated", "published", "author", "name", "summary",
                 "subtitle", "entry", "feed"}  # fmt: skip
        assert {part.tag.split("}")[1] for part in feed.iter()} <= known
        for summary in feed.iter("{http://www.w3.org/2005/Atom}summary"):
            found = Elements(summary.text or "")
            assert set(found.tags) <= {"p", "br", "a"}
            assert found.wrong == []


def test_calendars_of_hostile_titles_have_no_lines_of_anybody_elses(client):
    campaigns = [CampaignFactory(project__title=text) for text in chunks(120, TYPED)]
    for campaign in campaigns:
        calendar = client.get(reverse("calendar", args=["campaign", campaign.pk])).content
        names = [line.split(":")[0] for line in unfolded(calendar)]
        assert names == [
            "BEGIN", "VERSION", "PRODID", "X-WR-CALNAME", "BEGIN", "UID", "DTSTAMP", "DTSTART",
            "DTEND", "SUMMARY", "URL", "END", "END",
        ]  # fmt: skip


def test_what_pages_and_the_api_take_is_kept_as_words(client):
    """Through the form and through the API: no page answers with an error, nothing is lost."""
    person = UserFactory()
    client.force_login(person)
    project = ProjectFactory()
    flagged = CommentFactory()
    for text in chunks(4_000, [each for each in TYPED if "\r" not in each]):
        sent_form = client.post(reverse("thread", args=["project", project.pk]), {"body": text})
        assert sent_form.status_code == 302
        assert Comment.objects.latest("pk").body == seen(text)
        given = client.post(
            reverse("api_thread", args=["project", project.pk]), {"body": text}, "application/json"
        )
        assert given.status_code == 201
        assert given.json()["body"] == seen(text)
    nul = client.post(reverse("thread", args=["project", project.pk]), {"body": "a\x00b"})
    assert nul.status_code == 400
    words = chunks(500, [each for each in TYPED if "\r" not in each])[0]
    client.post(reverse("comment_flag", args=[flagged.pk]), {"reason": "other", "words": words})
    assert flagged.flags.get().words == words
