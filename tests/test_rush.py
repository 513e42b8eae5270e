"""One campaign's rush never has all threads of a process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest
from django.http import HttpResponse

from civicfund.rush import COME_BACK_SECONDS, RoomForOthers

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


@pytest.fixture
def site(settings):
    settings.RUSH_AT_ONCE = 2
    return Site()


def test_few_are_served_few_wait_and_the_rest_come_back_with_all_they_sent(site, rf):
    with ThreadPoolExecutor(4) as pool:
        ask = [pool.submit(site.answer, rf.post(RUSHED)) for _ in range(2)]
        site.at_work.acquire()
        site.at_work.acquire()
        ask += [pool.submit(site.answer, rf.post(RUSHED)) for _ in range(2)]
        while site.answer._turns["1"].inside < 4:
            pass
        assert not site.at_work.acquire(blocking=False)
        beyond = site.answer(rf.post(RUSHED, {"amount": "25", "guest_name": '"><b>', "a": [1, 2]}))
        site.go.set()
        assert [each.result().content for each in ask] == [b"taken"] * 4
    assert (beyond.status_code, beyond["Retry-After"]) == (503, str(COME_BACK_SECONDS))
    page = beyond.content.decode()
    assert 'name="amount" value="25"' in page
    assert 'value="&quot;&gt;&lt;b&gt;"' in page
    assert page.count('name="a"') == 2


@pytest.mark.parametrize("path", [OTHER, "/", "/campaigns/1/", "/campaigns/1/pledges/"])
def test_others_are_served_meanwhile(site, rf, path):
    with ThreadPoolExecutor(5) as pool:
        full = [pool.submit(site.answer, rf.post(RUSHED)) for _ in range(4)]
        while not site.answer._turns or site.answer._turns["1"].inside < 4:
            pass
        beside = pool.submit(site.answer, rf.get(path))
        for _ in range(3):
            assert site.at_work.acquire(timeout=30)
        site.go.set()
        assert {each.result().status_code for each in (*full, beside)} == {200}


def test_after_a_rush_nothing_of_it_is_left(site, rf):
    site.go.set()
    for _ in range(9):
        assert site.answer(rf.post(RUSHED)).status_code == 200
    assert site.answer._turns == {}


def test_an_error_gives_its_place_free(settings, rf):
    settings.RUSH_AT_ONCE = 1

    def fail(request):
        raise ValueError("broken")

    middleware = RoomForOthers(fail)
    for _ in range(5):
        with pytest.raises(ValueError, match="broken"):
            middleware(rf.post(RUSHED))
    assert middleware._turns == {}


def test_coming_back_for_a_page_asks_for_it_again(settings, rf):
    settings.RUSH_AT_ONCE = 0
    middleware = RoomForOthers(lambda request: HttpResponse())
    page = middleware(rf.get(RUSHED))
    assert (page.status_code, middleware._turns) == (503, {})
    assert 'method="get"' in page.content.decode()
