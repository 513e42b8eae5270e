"""What an open cycle is called is corrected until voting begins, with a reason that is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from budgeting.models import Board, Cycle, Rewording
from budgeting.selectors.said import said_in_words
from budgeting.services import rewording
from budgeting.services.errors import RefusedError
from budgeting.services.rewording import reword
from civicfund.audit.models import Event
from tests.budgeting.test_guards import refused
from tests.factories.budgeting import (
    administrator,
    begin_voting,
    certifier,
    draft_cycle,
    opened,
    voters,
)
from tests.factories.paper import paper_by_number
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WHY = "The year was wrong."


def an_open_cycle():
    draft = draft_cycle(voting_starts_in=24 * HOUR, voting_ends_in=48 * HOUR)
    voters(draft, 1)
    return opened(draft)


def words_of(cycle):
    return Cycle.objects.values_list("title", "summary").get(pk=cycle.pk)


def test_an_administrator_corrects_title_and_sentence_at_the_desk(client):
    cycle, by = an_open_cycle(), administrator()
    before, board = words_of(cycle), Board.objects.values().get(pk=cycle.pk)
    sign_in_with_second_factor(client, by)
    desk = reverse("cycle_desk", args=[cycle.slug])
    form = client.get(desk).context["forms"]["reword"]
    assert form["title"].value() == cycle.title
    sent = {"act": "reword", "title": "Spring 2027", "summary": "For us all."}
    told = client.post(desk, sent)
    assert (told.status_code, words_of(cycle)) == (400, before)
    assert "Spring 2027" in told.content.decode()
    client.post(desk, sent | {"reason": WHY})
    assert words_of(cycle) == ("Spring 2027", "For us all.")
    page = client.get(desk).content.decode()
    assert WHY in page
    assert before[0] in page
    made, event = Rewording.objects.get(), Event.objects.get(verb="cycle.reworded")
    assert (event.actor, made.by, made.title_before) == (by, by, before[0])
    assert dict(said_in_words(event.verb, event.data)) == {"rewording, number": str(made.pk)}
    assert Board.objects.values().get(pk=cycle.pk) == board
    assert "Spring 2027" in client.get(cycle.get_absolute_url()).content.decode()


def test_of_two_who_correct_it_at_once_the_second_does_not_undo_the_first(client):
    cycle = an_open_cycle()
    sign_in_with_second_factor(client, administrator())
    desk = reverse("cycle_desk", args=[cycle.slug])
    form = client.get(desk).context["forms"]["reword"]
    sent = {name: form[name].value() for name in ("title", "summary", "seen")}
    reword(cycle, title="Spring", summary=cycle.summary, reason=WHY, by=administrator())
    mine = {"act": "reword", **sent, "summary": "For us all.", "reason": WHY}
    told = client.post(desk, mine)
    assert (told.status_code, "since you looked" in told.content.decode()) == (400, True)
    assert words_of(cycle) == ("Spring", cycle.summary)
    form = client.get(desk).context["forms"]["reword"]
    again = {name: form[name].value() for name in ("title", "seen")}
    assert client.post(desk, mine | again).status_code == 302
    assert words_of(cycle) == ("Spring", "For us all.")


def voted_on():
    cycle = an_open_cycle()
    begin_voting(cycle)
    return cycle


def printed():
    later = {"voting_starts_in": 24 * HOUR, "voting_ends_in": 48 * HOUR}
    return paper_by_number(NeighborhoodFactory(), "100", **later)[0]


def test_where_voting_begins_after_the_look_at_the_clock_it_is_refused_in_words(monkeypatch):
    cycle, before = voted_on(), rewording.db_now()
    monkeypatch.setattr(rewording, "db_now", lambda: before - 24 * HOUR)
    was = words_of(cycle)
    with pytest.raises(RefusedError, match="Voting has begun"):
        reword(cycle, title="Spring", summary="", reason=WHY, by=administrator())
    assert (words_of(cycle), Rewording.objects.exists()) == (was, False)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (draft_cycle, "Only what an open cycle"),
        (voted_on, "Voting has begun"),
        (printed, "Paper ballots are printed"),
    ],
)
def test_not_in_a_draft_nor_once_it_is_voted_on_or_printed(made, words):
    cycle, by = made(), administrator()
    before = words_of(cycle)
    with pytest.raises(RefusedError, match=words):
        reword(cycle, title="Spring", summary="", reason=WHY, by=by)
    with refused("rewording_in_time"):
        Rewording.objects.create(
            cycle=cycle, title_before=before[0], title="Spring", summary_before=before[1],
            reason=WHY, by=by,
        )  # fmt: skip
    assert (words_of(cycle), Rewording.objects.count()) == (before, 0)


@pytest.mark.parametrize("given", [{"title": " "}, {"reason": " "}, {}])
def test_not_without_a_title_a_reason_or_a_change(given):
    cycle = an_open_cycle()
    said = {"title": cycle.title, "summary": cycle.summary, "reason": WHY} | given
    with pytest.raises(RefusedError):
        reword(cycle, **said, by=administrator())
    assert not Rewording.objects.exists()


def test_only_administrators_change_it_and_the_database_asks_for_a_reason():
    cycle = an_open_cycle()
    before = words_of(cycle)
    for person in (UserFactory(), certifier()):
        with pytest.raises(PermissionDenied):
            reword(cycle, title="Spring", summary="", reason=WHY, by=person)
    with refused("cycle_reworded_with_reason"):
        Cycle.objects.filter(pk=cycle.pk).update(title="Spring")
    reword(cycle, title="Spring", summary="", reason=WHY, by=administrator())
    with refused("cycle_reworded_with_reason"):
        Cycle.objects.filter(pk=cycle.pk).update(title=before[0])
    assert words_of(cycle) == ("Spring", "")
