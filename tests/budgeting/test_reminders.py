"""One mail to those who opened their ballot and did not cast it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.enums import Channel
from budgeting.models import RollEntry, StartedBallot
from budgeting.services.ballots import Choice, cast
from budgeting.services.closing import close_cycle
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.reminders import forget_starters, note_start, remind_starters
from budgeting.tasks import remind_of_ballots
from civicfund.audit.services import db_now
from civicfund.notices.models import Message, OptOut
from civicfund.notices.services import send_next
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    codes,
    end_voting,
    extended,
    running_cycle,
    set_end,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAYS = {"voting_starts_in": -72 * HOUR, "voting_ends_in": 72 * HOUR}


def a_long_vote(number=1):
    """It began three days ago and ends in three."""
    return running_cycle(number, **DAYS)


def near_the_end(cycle):
    set_end(cycle, db_now() + 23 * HOUR)


def starts(client, cycle, person):
    client.force_login(person)
    assert client.get(reverse("ballot", args=[cycle.slug])).status_code == 200


def reminded():
    """Who has a reminder in the outbox, and mails what is due."""
    while send_next():
        pass
    return [each.recipient for each in Message.objects.filter(kind="ballot_reminder")]


def test_whoever_started_and_did_not_cast_gets_one_mail(client):
    cycle, [person, _] = a_long_vote(2)
    starts(client, cycle, person)
    assert remind_starters() == 0
    near_the_end(cycle)
    assert remind_starters() == 1
    assert reminded() == [person]
    [sent] = mail.outbox
    assert sent.to == [person.email]
    assert cycle.title in sent.subject
    [(page, kind)] = sent.alternatives
    assert kind == "text/html"
    for text in (sent.body, page):
        assert reverse("ballot", args=[cycle.slug]) in text
        assert "/mail/stop/" in text
    assert not StartedBallot.objects.exists()


def test_nobody_is_reminded_twice(client):
    cycle, [person] = a_long_vote()
    starts(client, cycle, person)
    starts(client, cycle, person)
    assert StartedBallot.objects.count() == 1
    near_the_end(cycle)
    remind_starters()
    assert remind_starters() == 0
    extended(cycle, 48 * HOUR)
    starts(client, cycle, person)
    assert StartedBallot.objects.count() == 1
    near_the_end(cycle)
    remind_starters()
    assert reminded() == [person]
    assert len(mail.outbox) == 1


def test_whoever_cast_in_the_meantime_gets_none(client):
    cycle, [web, by_code] = a_long_vote(2)
    for person in (web, by_code):
        starts(client, cycle, person)
    cast_positions(cycle, web, [0])
    pot = cycle.pots.get()
    entry = RollEntry.objects.get(cycle=cycle, claimed_by=by_code)
    cast(cycle, entry, {pot.pk: Choice(codes(pot)[:1])}, channel=Channel.CODE)
    near_the_end(cycle)
    assert remind_starters() == 0
    assert reminded() == []
    assert not StartedBallot.objects.exists()


def test_a_reminder_that_waits_for_the_mail_server_is_taken_back_once_they_cast(client):
    cycle, [person] = a_long_vote()
    starts(client, cycle, person)
    near_the_end(cycle)
    remind_starters()
    assert Message.objects.count() == 1
    cast_positions(cycle, person, [0])
    remind_starters()
    assert reminded() == []
    assert mail.outbox == []


def test_after_the_close_there_is_no_mail_and_no_row(client):
    cycle, [told, untold] = a_long_vote(2)
    starts(client, cycle, told)
    near_the_end(cycle)
    remind_starters()
    StartedBallot.objects.create(cycle=cycle, user=untold)
    end_voting(cycle)
    remind_of_ballots()
    assert reminded() == []
    assert mail.outbox == []
    assert not StartedBallot.objects.exists()
    StartedBallot.objects.create(cycle=cycle, user=untold)
    close_cycle(cycle)
    remind_of_ballots()
    assert reminded() == []
    assert not StartedBallot.objects.exists()


def test_a_cancelled_vote_reminds_nobody(client):
    cycle, [person] = a_long_vote()
    starts(client, cycle, person)
    near_the_end(cycle)
    request_cancelling(cycle, by=administrator(), reason="Called off.")
    cancel_cycle(cycle, by=administrator())
    remind_of_ballots()
    assert reminded() == []
    assert not StartedBallot.objects.exists()


def test_the_rows_of_a_vote_that_runs_are_kept(client):
    cycle, [person] = a_long_vote()
    starts(client, cycle, person)
    assert forget_starters() == 0
    remind_of_ballots()
    assert StartedBallot.objects.get().user == person


def test_a_short_vote_and_one_near_its_end_keep_and_remind_of_nothing(client, settings):
    short, [person] = running_cycle(voting_starts_in=-HOUR, voting_ends_in=23 * HOUR)
    starts(client, short, person)
    ending, [other] = running_cycle(voting_starts_in=-72 * HOUR, voting_ends_in=23 * HOUR)
    starts(client, ending, other)
    assert not StartedBallot.objects.exists()
    StartedBallot.objects.create(cycle=short, user=person)
    assert remind_starters() == 0
    settings.BALLOT_REMINDER_HOURS = 0
    starts(client, ending, other)
    assert StartedBallot.objects.count() == 1
    assert remind_starters() == 0
    assert reminded() == []


def test_how_long_before_the_close_is_a_setting(client, settings):
    settings.BALLOT_REMINDER_HOURS = 48
    cycle, [person] = a_long_vote()
    starts(client, cycle, person)
    set_end(cycle, db_now() + 47 * HOUR)
    assert remind_starters() == 1


def test_only_voters_with_an_account_who_have_not_cast_are_kept(client):
    cycle, [person, caster] = a_long_vote(2)
    page = reverse("ballot", args=[cycle.slug])
    client.get(page)
    cast_positions(cycle, caster, [0])
    starts(client, cycle, caster)
    client.force_login(administrator())
    client.get(page)
    client.force_login(person)
    client.head(page)
    client.get(reverse("cycle", args=[cycle.slug]))
    assert not StartedBallot.objects.exists()


def test_what_is_kept_is_that_a_ballot_was_started_and_goes_with_the_person(client):
    cycle, [person] = a_long_vote()
    starts(client, cycle, person)
    fields = {field.name for field in StartedBallot._meta.get_fields()}
    assert fields == {"id", "cycle", "user"}
    RollEntry.objects.filter(claimed_by=person).update(claimed_by=None)
    person.residencies.all().delete()
    person.delete()
    assert not StartedBallot.objects.exists()


def test_one_button_and_no_sign_in_and_there_is_no_such_mail(client):
    cycle, [person] = a_long_vote()
    starts(client, cycle, person)
    near_the_end(cycle)
    remind_starters()
    reminded()
    [sent] = mail.outbox
    [link] = set(re.findall(r"/mail/stop/[^\s\"<]+", sent.body))
    assert sent.extra_headers["List-Unsubscribe"].endswith(f"{link}>")
    client.logout()
    assert "Switch them off" in client.get(link).content.decode()
    assert not OptOut.objects.exists()
    told = client.post(link)
    assert "They are off" in told.content.decode()
    assert OptOut.objects.get().user == person
    later, _ = a_long_vote()
    StartedBallot.objects.create(cycle=later, user=person)
    near_the_end(later)
    remind_starters()
    assert len(reminded()) == 1
    assert len(mail.outbox) == 1


def test_ten_starters_are_reminded_in_as_many_queries_as_one():
    cycle, people = a_long_vote(11)
    for person in people[:1]:
        note_start(cycle, person, db_now())
    set_end(cycle, db_now() + 23 * HOUR)
    counts = []
    for some in (people[:1], people[1:]):
        for person in some:
            StartedBallot.objects.get_or_create(cycle=cycle, user=person)
        with CaptureQueriesContext(connection) as queries:
            assert remind_starters() == len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1]
