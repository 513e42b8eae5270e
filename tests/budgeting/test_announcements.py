"""The town writes to residents who asked for it, each at most once, whoever kills the worker."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from budgeting.enums import AnnouncementState, MailingState
from budgeting.models import Announcement, Mailing
from budgeting.selectors.announcements import receivers, send_log
from budgeting.selectors.trail import kinds_in
from budgeting.services.announcements import (
    announcement_mail,
    change_announcement,
    go_on_announcing,
    send_announcement,
    send_batch,
    send_test,
    stop_announcement,
    write_announcement,
)
from budgeting.services.errors import RefusedError
from budgeting.tasks import send_announcements
from civicfund.notices.enums import Topic
from civicfund.notices.models import OptIn, OptOut
from civicfund.notices.services import StopLink, allow_mail, send_next, stop_mail
from civicfund.places.enums import PlaceKind
from tests.factories.budgeting import administrator, draft_cycle, running_cycle
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

TIMES = {"transaction": True, "databases": ["default", "owner"]}


def resident(place=None, *, asked=True):
    place = place or NeighborhoodFactory()
    person = ResidencyFactory(neighborhood=place).user
    if asked:
        allow_mail(StopLink(person, Topic.TOWN))
    return person


def draft(*places, **words):
    said = {"subject": "Voting begins", "body": "Come on Monday.\n\nhttps://example.org/"} | words
    by = administrator()
    return write_announcement(draft_cycle(costs_minor=()), **said, places=places, by=by)


def sending(residents=1):
    people = [resident() for _ in range(residents)]
    made = draft()
    send_announcement(made, digest=made.digest, by=administrator())
    return made, people


def state_of(announcement):
    return Announcement.objects.get(pk=announcement.pk).state


def states(announcement):
    return list(announcement.mailings.order_by("pk").values_list("state", flat=True))


def test_those_get_it_who_asked_and_live_there():
    district = NeighborhoodFactory(kind=PlaceKind.DISTRICT)
    home = NeighborhoodFactory(parent=district)
    here, elsewhere = resident(home), resident()
    resident(home, asked=False)
    moved, gone = resident(home), resident(home)
    moved.residencies.update(until=timezone.localdate())
    gone.is_active = False
    gone.save()
    allow_mail(StopLink(UserFactory(), Topic.TOWN))
    assert list(receivers([])) == [here, elsewhere]
    assert list(receivers([home.pk])) == list(receivers([district.pk])) == [here]


def test_who_gets_it_depends_on_no_vote():
    _cycle, [voter] = running_cycle()
    allow_mail(StopLink(voter, Topic.TOWN))
    with CaptureQueriesContext(connection) as queries:
        assert list(receivers([])) == [voter]
    read = {
        table
        for table in connection.introspection.table_names()
        for query in queries
        if f'"{table}"' in query["sql"]
    }
    assert read == {"people_user", "people_residency", "notices_optin"}


def test_everybody_gets_one_mail_and_the_log_counts_them():
    made, people = sending(3)
    send_announcements()
    send_announcements()
    assert sorted(each.to[0] for each in mail.outbox) == sorted(each.email for each in people)
    assert state_of(made) == AnnouncementState.DONE
    log = send_log(made)
    assert (log.total, log.waiting, dict(log.counts)[MailingState.SENT]) == (3, 0, 3)
    with pytest.raises(RefusedError, match="as you saw"):
        send_announcement(made, digest=made.digest, by=administrator())
    assert Mailing.objects.count() == 3


def test_it_goes_out_in_batches_and_can_be_stopped_and_gone_on_with():
    made, _people = sending(3)
    assert send_batch(made, 1) == 1
    by = administrator()
    stop_announcement(made, by=by)
    assert (send_batch(made, 5), len(mail.outbox)) == (0, 1)
    go_on_announcing(made, by=by)
    assert (send_batch(made, 5), len(mail.outbox)) == (2, 3)
    assert state_of(made) == AnnouncementState.DONE
    kinds = kinds_in(made.cycle, reader=by, reviews=True)
    for act in ("written", "released", "sending", "stopped", "done"):
        assert f"announcement.{act}" in kinds


def test_whoever_withdraws_or_leaves_before_it_goes_out_gets_none():
    made, [withdrew, left, stays] = sending(3)
    stop_mail(StopLink(withdrew, Topic.TOWN))
    left.is_active = False
    left.save()
    send_batch(made)
    assert [each.to for each in mail.outbox] == [[stays.email]]
    assert sorted(states(made)) == ["sent", "skipped", "skipped"]


def test_the_mail_has_text_html_and_one_click_that_ends_such_mail(client):
    made, [person] = sending()
    send_batch(made)
    [sent] = mail.outbox
    assert sent.subject == "Voting begins"
    assert f"Hello {person.display_name}," in sent.body
    html = sent.alternatives[0][0]
    assert '<a href="https://example.org/"' in html
    assert "/budget/" not in sent.body + html
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert client.post(StopLink(person, Topic.TOWN).address).status_code == 200
    assert not OptIn.objects.exists()
    assert not OptOut.objects.exists()


def test_a_test_goes_to_who_asks_for_it_and_to_nobody_else():
    resident()
    made, by = draft(), administrator()
    send_test(made, by=by)
    send_test(made, by=by)
    while send_next():
        pass
    assert [(each.to, each.subject) for each in mail.outbox] == [
        ([by.email], "[Test] Voting begins")
    ] * 2
    assert (state_of(made), Mailing.objects.count()) == (AnnouncementState.DRAFT, 0)


@pytest.mark.parametrize(
    "injected", ["\r\nBcc: all@example.org", "\nX-A: b", "\u2028To: c", "\x00\rD: e"]
)
def test_a_subject_begins_no_other_header(injected):
    made = draft(subject=f"Voting{injected}")
    person = resident()
    sent = announcement_mail(made, person)
    assert "\n" not in made.subject
    headers = sent.message().items()
    assert sorted(name for name, _ in headers) == sorted(
        name for name, _ in announcement_mail(draft(), person).message().items()
    )
    assert sent.recipients() == [person.email]


def test_the_table_refuses_a_subject_of_two_lines():
    made = draft()
    with (
        pytest.raises(IntegrityError, match="announcement_subject_is_one_line"),
        transaction.atomic(),
    ):
        Announcement.objects.filter(pk=made.pk).update(subject="Voting\nBcc: all@example.org")


def test_words_are_markup_to_nobody():
    body = "<script>alert(1)</script> {{ recipient.email }} & more"
    html = announcement_mail(draft(body=body), resident()).alternatives[0][0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ recipient.email }} &amp; more" in html


def test_only_administrators_write_test_send_and_stop():
    made, stranger = draft(), UserFactory()
    said = {"subject": "a", "body": "b", "places": []}
    for act in (
        lambda: write_announcement(made.cycle, **said, by=stranger),
        lambda: change_announcement(made, **said, by=stranger),
        lambda: send_test(made, by=stranger),
        lambda: send_announcement(made, digest=made.digest, by=stranger),
        lambda: stop_announcement(made, by=stranger),
        lambda: go_on_announcing(made, by=stranger),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert Announcement.objects.get().subject == "Voting begins"


def test_nothing_to_say_or_nobody_to_say_it_to_is_refused():
    made = draft()
    with pytest.raises(RefusedError, match="Nobody"):
        send_announcement(made, digest=made.digest, by=administrator())
    for words in ({"subject": " \n "}, {"body": "\u202e"}):
        with pytest.raises(RefusedError):
            draft(**words)
    assert (state_of(made), Announcement.objects.count()) == (AnnouncementState.DRAFT, 1)


def test_the_tables_keep_words_that_are_sent_and_send_nothing_again():
    made, _people = sending(2)
    send_batch(made, 1)
    sent, waiting = made.mailings.order_by("pk")
    for change, name in (
        (lambda: Announcement.objects.update(body="Else."), "can no longer change"),
        (lambda: Mailing.objects.filter(pk=sent.pk).update(state="waiting"), "not followed"),
        (lambda: Mailing.objects.filter(pk=sent.pk).update(state="taken"), "not followed"),
        (
            lambda: Mailing.objects.create(announcement=made, recipient=waiting.recipient),
            "mailing_once",
        ),
        (
            lambda: Mailing.objects.filter(pk=waiting.pk).update(state="taken"),
            "mailing_taken_unless_waiting",
        ),
        (
            lambda: Mailing.objects.filter(pk=waiting.pk).update(
                state="sent", taken_at=timezone.now()
            ),
            "mailing_decided_at_iff_decided",
        ),
    ):
        with pytest.raises(DatabaseError, match=name), transaction.atomic():
            change()
    assert states(made) == ["sent", "waiting"]
    with pytest.raises(IntegrityError, match="opt_in_topic_known"), transaction.atomic():
        OptIn.objects.create(user=UserFactory(), topic=Topic.VOTING)


def signed_in(client):
    person = administrator()
    sign_in_with_second_factor(client, person)
    return person


def test_the_pages_draft_preview_test_send_and_log(client):
    resident(home := NeighborhoodFactory(name="Mill Lane"))
    resident()
    cycle, person = draft_cycle(costs_minor=()), signed_in(client)
    desk = reverse("announcements", args=[cycle.slug])
    assert "Nothing was announced yet" in client.get(desk).content.decode()
    said = {"subject": "Voting <i>begins</i>", "body": "Come & vote.", "places": [home.pk]}
    page = client.post(desk, {"act": "write", **said}).url
    shown = client.get(page).content.decode()
    for words in (
        "1 person would get it now.",
        "To people in: Mill Lane.",
        "Voting &lt;i&gt;begins&lt;/i&gt;",
        "Come &amp; vote.",
        f"Hello {person.display_name},",
    ):
        assert words in shown
    framed = client.get(f"{page}html/")
    assert "Come &amp; vote." in framed.content.decode()
    for policy in ("default-src 'none'", "script-src 'none'", "sandbox allow-top"):
        assert policy in framed["Content-Security-Policy"]
    assert client.post(page, {"act": "change", **said, "subject": ""}).status_code == 400
    client.post(page, {"act": "change", **said, "places": []})
    assert "Send it to 2 people" in client.get(page).content.decode()
    client.post(page, {"act": "test"})
    assert send_next()
    press = {"act": "send", "digest": Announcement.objects.get().digest}
    client.post(page, press)
    assert client.post(page, press).status_code == 400
    client.post(page, {"act": "stop"})
    client.post(page, {"act": "go_on"})
    send_announcements()
    log = client.get(page).content.decode()
    assert 'Remaining</th><td class="number">0' in log
    assert 'Sent</th><td class="number">2' in log
    assert "2 of 2 sent" in client.get(desk).content.decode()
    assert len(mail.outbox) == 3


def test_the_page_of_another_cycle_has_no_such_announcement(client):
    made, other = draft(), draft_cycle(costs_minor=())
    signed_in(client)
    for page in ("announcement", "announcement_html"):
        assert client.get(reverse(page, args=[made.cycle.slug, made.pk])).status_code == 200
        assert client.get(reverse(page, args=[other.slug, made.pk])).status_code == 404


def test_the_list_asks_as_much_for_three_as_for_one(client):
    made, by = draft(), signed_in(client)
    desk, counts = reverse("announcements", args=[made.cycle.slug]), []
    for more in (0, 2):
        for _ in range(more):
            write_announcement(made.cycle, subject="a", body="b", places=[], by=by)
        with CaptureQueriesContext(connection) as queries:
            client.get(desk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_residents_ask_for_it_on_the_page_of_their_notices(client):
    person = UserFactory()
    client.force_login(person)
    mine = reverse("my_notices")
    assert not OptIn.objects.exists()
    client.post(mine, {"pace": "daily", "town": "on"})
    assert OptIn.objects.get().user == person
    client.post(mine, {"pace": "daily"})
    assert not OptIn.objects.exists()
