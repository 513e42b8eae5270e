from __future__ import annotations

import csv
import io

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from budgeting.domain.bundle import LEAST_BALLOTS
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import open_cycle, request_opening
from budgeting.services.errors import RefusedError
from budgeting.services.observing import read_withheld
from budgeting.services.results import certify, publish
from civicfund.audit.models import Event
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.services import grant_role
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    certifier,
    draft_cycle,
    end_voting,
    open_by_trustees,
    rehearsed,
    running_cycle,
    voters,
)
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
READ = "pot.withheld_ballots_read"


def observer() -> User:
    user = UserFactory()
    grant_role(user, Role.OBSERVER, by=None)
    return user


def counted(cycle):
    end_voting(cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    count_cycle(cycle)
    cycle.refresh_from_db()
    return cycle


def published(cycle):
    return publish(certify(counted(cycle), by=certifier()), by=certifier())


def voted(votes=((0, 1), (0, 1), (2,)), **cycle):
    running, people = running_cycle(len(votes), **cycle)
    for person, positions in zip(people, votes, strict=True):
        cast_positions(running, person, positions)
    return running


def ballots_of(cycle):
    return reverse("observed_ballots", args=[cycle.slug, cycle.pots.get().pk])


@pytest.fixture
def watching(client):
    sign_in_with_second_factor(client, observer())
    return client


def test_observers_see_how_many_took_part_and_never_a_group_of_few(watching):
    cycle = draft_cycle()
    harbour = NeighborhoodFactory(name="Harbour")
    people = voters(cycle, 2, neighborhood=harbour) + voters(cycle, 1)
    rehearsed(cycle)
    request_opening(cycle, by=administrator())
    cycle = open_cycle(cycle, by=administrator())
    for person in people:
        cast_positions(cycle, person, [0])
    cast_positions(cycle, people[0], [1])
    page = watching.get(reverse("observing", args=[cycle.slug]))
    assert "3 people have voted" in page.content.decode()
    parts = reverse("participation", args=[cycle.slug])
    assert parts in page.content.decode()
    for shown in (page, watching.get(parts)):
        assert "On the web" not in shown.content.decode()
    cycle.board.refresh_from_db()
    assert cycle.board.head in page.content.decode()
    assert page.context["acts_of_two"][0].words == "Opening"
    for batch in cycle.roll_batches.all():
        assert batch.digest in page.content.decode()


def test_whoever_watches_is_mailed_the_root_at_the_close_and_nobody_else():
    watcher, resident = observer(), UserFactory()
    cycle = voted()
    end_voting(cycle)
    for _ in range(2):
        close_cycle(cycle)
    while send_next():
        pass
    cycle.board.refresh_from_db()
    [mailed] = [sent for sent in mail.outbox if sent.to == [watcher.email]]
    [(page, kind)] = mailed.alternatives
    assert kind == "text/html"
    for text in (mailed.body, page):
        assert cycle.board.root in text
        assert cycle.board.head in text
        assert reverse("board", args=[cycle.slug]) in text
    assert not Message.objects.filter(recipient=resident).exists()


def test_while_a_vote_runs_the_page_says_nothing_of_what_was_chosen(watching):
    for votes in ([[0], [0]], [[1], [2]]):
        cycle = voted(votes)
        shown = watching.get(reverse("observing", args=[cycle.slug]))
        options = [option.name for option in cycle.options.all()]
        assert not any(name in shown.content.decode() for name in options)
        assert "2 people have voted" in shown.content.decode()


def test_ballots_too_few_to_publish_are_for_observers_once_the_vote_is_published(watching):
    cycle = counted(voted())
    assert watching.post(ballots_of(cycle), {"as": "page"}).status_code == 404
    certify(cycle, by=certifier())
    assert watching.post(ballots_of(cycle), {"as": "page"}).status_code == 404
    assert not Event.objects.filter(verb=READ).exists()
    publish(cycle, by=certifier())
    names = [option.name for option in cycle.options.order_by("position")]
    page = watching.post(ballots_of(cycle), {"as": "page"})
    assert sorted(page.context["rows"]) == [(1, [names[2]], []), (2, [names[0], names[1]], [])]
    event = Event.objects.get(verb=READ)
    assert (event.target_id, event.actor.role_grants.get().role) == (
        str(cycle.pots.get().pk), Role.OBSERVER,
    )  # fmt: skip


def test_reading_as_a_file_is_recorded_too(watching):
    cycle = published(voted())
    answer = watching.post(ballots_of(cycle), {"as": "csv"})
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0] == ["times", "projects", "points"]
    assert sorted(int(row[0]) for row in rows[1:]) == [1, 2]
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    assert Event.objects.filter(verb=READ).count() == 1


def test_a_project_named_like_a_formula_is_quoted_in_the_file(watching):
    cycle = draft_cycle(costs_minor=[100])
    proposal = cycle.proposals.get()
    people = voters(cycle, 1)
    cycle.options.filter(proposal=proposal).update(name="=HYPERLINK(1)")
    rehearsed(cycle)
    request_opening(cycle, by=administrator())
    cycle = open_cycle(cycle, by=administrator())
    cast_positions(cycle, people[0], [0])
    cycle = published(cycle)
    answer = watching.post(ballots_of(cycle), {"as": "csv"})
    assert "'=HYPERLINK(1)" in b"".join(answer.streaming_content).decode()


def test_a_pot_with_enough_ballots_withholds_nothing(watching):
    cycle = published(voted([(0,)] * LEAST_BALLOTS))
    assert watching.post(ballots_of(cycle), {"as": "page"}).status_code == 404
    assert list(watching.get(reverse("observing", args=[cycle.slug])).context["withheld"]) == []
    assert not Event.objects.filter(verb=READ).exists()


def test_only_observers_read_what_is_withheld():
    cycle = published(voted())
    for person in (administrator(), certifier(), UserFactory()):
        with pytest.raises(PermissionDenied):
            read_withheld(cycle, cycle.pots.get().pk, by=person)
    with pytest.raises(RefusedError):
        read_withheld(cycle, 0, by=observer())
    assert not Event.objects.filter(verb=READ).exists()


def test_the_page_asks_as_much_for_three_of_everything_as_for_one(watching):
    counts = []
    for rows in (1, 3):
        cycle = draft_cycle()
        people = [person for _ in range(rows) for person in voters(cycle, 1)]
        rehearsed(cycle)
        request_opening(cycle, by=administrator())
        cycle = open_cycle(cycle, by=administrator())
        for person in people:
            cast_positions(cycle, person, [0])
        with CaptureQueriesContext(connection) as queries:
            assert watching.get(reverse("observing", args=[cycle.slug])).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
