"""One campaign's rush never has all threads of a process, and everybody in it has a turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from threading import Event, Semaphore

import pytest
from django.http import HttpResponse

from civicfund import rush
from civicfund.rush import RoomForOthers
from civicfund.town.bench.visitors import turn_on
from tests.altering import bent

RUSHED, OTHER = "/campaigns/1/pledge/", "/campaigns/2/pledge/"


class Site:
    """A site whose answers take until they are let go."""

    def __init__(self):
        self.at_work, self.go = Semaphore(0), Event()
        self.answer = RoomForOthers(self._answer)

    def _answer(self, request):
        self.at_work.release()
        self.go.wait(30)
        return HttpResponse("taken")


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self):
        self.now, self.ticks = 1_800_000_000.0, count()

    def time(self):
        return self.now

    def thread_time(self):
        return 0.02 * next(self.ticks)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(rush, "time", clock)
    return clock


@pytest.fixture
def site(settings):
    settings.RUSH_AT_ONCE = 2
    return Site()


@pytest.fixture
def full(site, rf):
    """The site with as many inside as may be: two at work, and two who wait for them."""
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(site.answer, rf.post(RUSHED)) for _ in range(4)]
        site.at_work.acquire()
        site.at_work.acquire()
        while site.answer._lines["1"].inside < 4:
            pass
        yield site
        site.go.set()
        assert [each.result().content for each in asked] == [b"taken"] * 4


def turn_in(answer):
    """The ticket on a page that says to wait, and in how many seconds it is good."""
    assert answer.status_code == 503
    return turn_on(answer.content.decode())


def place_of(ticket):
    """Without when it was signed, which moves on with each page."""
    return ticket.partition(":")[0]


def test_few_are_served_few_wait_and_the_rest_have_a_turn_and_all_they_sent(full, rf):
    assert not full.at_work.acquire(blocking=False)
    beyond = full.answer(rf.post(RUSHED, {"amount": "25", "guest_name": '"><b>', "a": [1, 2]}))
    assert (beyond.status_code, beyond["Retry-After"]) == (503, "1")
    page = beyond.content.decode()
    assert 'name="amount" value="25"' in page
    assert 'value="&quot;&gt;&lt;b&gt;"' in page
    assert page.count('name="a"') == 2


def test_turns_are_apart_and_further_than_one_takes(full, rf, clock):
    turns = [turn_in(full.answer(rf.post(RUSHED)))[1] for _ in range(100)][20:]
    takes = full.answer._lines["1"].takes
    apart = [b - a for a, b in pairwise(turns)]
    assert min(apart) > 1.1 * takes


def test_a_turn_is_good_when_it_has_come_and_not_before(full, rf, clock):
    tickets = [turn_in(full.answer(rf.post(RUSHED)))[0] for _ in range(20)]
    full.go.set()
    while full.answer._lines["1"].inside:
        pass
    again, left = turn_in(full.answer(rf.post(RUSHED, {"turn": tickets[-1]})))
    assert left > 1
    assert place_of(again) == place_of(tickets[-1])  # one's place is kept
    # Whoever comes now stands behind all of them, though there is room.
    assert turn_in(full.answer(rf.post(RUSHED)))[1] > left
    clock.now += left
    assert full.answer(rf.post(RUSHED, {"turn": tickets[-1]})).status_code == 200
    assert full.answer(rf.get(RUSHED, {"turn": tickets[-1]})).status_code == 200


def test_a_turn_given_by_one_process_is_good_in_another(full, rf, clock):
    ticket, left = turn_in(full.answer(rf.post(RUSHED)))
    other = Site()
    other.go.set()
    again, _left = turn_in(other.answer(rf.post(RUSHED, {"turn": ticket})))
    assert place_of(again) == place_of(ticket)
    clock.now += left
    assert other.answer(rf.post(RUSHED, {"turn": ticket})).status_code == 200


def test_whose_turn_has_come_and_finds_no_room_keeps_it(full, rf, clock):
    ticket, left = turn_in(full.answer(rf.post(RUSHED)))
    clock.now += left
    again, soon = turn_in(full.answer(rf.post(RUSHED, {"turn": ticket})))
    assert (place_of(again), soon) == (place_of(ticket), 0.5)


@pytest.mark.parametrize("ticket", ["forged", "of_another_campaign", "old", "altered"])
def test_no_other_turn_is_taken_for_one(full, rf, clock, ticket):
    given, _ = turn_in(full.answer(rf.post(RUSHED)))
    for _ in range(100):
        last = turn_in(full.answer(rf.post(RUSHED)))[1]
    sent = {
        "forged": "WzEsMV0:1:1",
        "of_another_campaign": rush.signing.dumps(("2", clock.now), salt=rush._SALT),
        "old": rush.signing.dumps(("1", clock.now - 1000), salt=rush._SALT),
        "altered": bent(given),
    }[ticket]
    assert turn_in(full.answer(rf.post(RUSHED, {"turn": sent})))[1] > last


def test_nobody_is_told_more_than_a_minute_and_no_turn_is_beyond_five(full, rf, clock):
    full.answer._lines["1"].takes = 60
    told = [turn_in(full.answer(rf.post(RUSHED)))[1] for _ in range(9)]
    assert max(told) == 60
    assert full.answer._lines["1"].last_turn == clock.now + 300


@pytest.mark.parametrize("path", [OTHER, "/", "/campaigns/1/", "/campaigns/1/pledges/"])
def test_others_are_served_meanwhile(full, rf, path):
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(full.answer, rf.get(path))
        assert full.at_work.acquire(timeout=30)
        full.go.set()
        assert beside.result().status_code == 200


def test_after_a_rush_nothing_of_it_is_left(site, rf):
    site.go.set()
    for _ in range(9):
        assert site.answer(rf.post(RUSHED)).status_code == 200
    assert site.answer._lines == {}


def test_an_error_gives_its_place_free(settings, rf):
    settings.RUSH_AT_ONCE = 1

    def fail(request):
        raise ValueError("broken")

    middleware = RoomForOthers(fail)
    for _ in range(5):
        with pytest.raises(ValueError, match="broken"):
            middleware(rf.post(RUSHED))
    assert middleware._lines == {}


def test_coming_back_for_a_page_asks_for_it_again_with_all_that_was_asked(settings, rf):
    settings.RUSH_AT_ONCE = 0
    middleware = RoomForOthers(lambda request: HttpResponse())
    page = middleware(rf.get(RUSHED, {"reward": "7"}))
    assert page.status_code == 503
    text = page.content.decode()
    assert 'method="get"' in text
    assert 'name="reward" value="7"' in text
