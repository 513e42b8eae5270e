"""The desk at which keying is begun anew, and who reads of it where."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from django.urls import reverse

from budgeting.domain.paper import shown_number
from budgeting.models import KeyingAnew
from budgeting.services.keying_anew import (
    keyings_anew_asked,
)
from civicfund.people.enums import Role
from tests.budgeting.test_keying_anew import (
    WHY,
    file_of,
    half_keyed,
    is_not_to_be_read,
    nothing_moves,
)
from tests.factories.budgeting import (
    administrator,
)
from tests.factories.paper import (
    accounted,
    begun_anew,
    ended,
    holder,
    keyed,
    lose_key,
)
from tests.signing_in import sign_in_with_second_factor
from tests.town.test_queries import queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    """A folder of keys of the test's own."""
    settings.SLOT_KEYS = str(tmp_path / "keys")
    (tmp_path / "keys").mkdir()
    return Path(settings.SLOT_KEYS)


def at(name, cycle):
    return reverse(name, args=[cycle.slug])


def text_of(client, name, cycle):
    return " ".join(client.get(at(name, cycle)).content.decode().split())


BUTTON = "Ask to begin keying anew"


def test_the_desk_offers_it_only_where_the_key_is_lost(client, keys):
    cycle, *_ = half_keyed()
    file = file_of(keys, cycle)
    kept = file.read_bytes()
    sign_in_with_second_factor(client, administrator())
    assert "The key of the sheets" not in text_of(client, "paper_desk", cycle)
    is_not_to_be_read(file)
    page = text_of(client, "paper_desk", cycle)
    assert ("The key cannot be read" in page, BUTTON in page) == (True, False)
    file.rmdir()
    page = text_of(client, "paper_desk", cycle)
    assert (BUTTON in page, "End the keying" in page) == (True, False)
    file.write_bytes(kept)
    page = text_of(client, "paper_desk", cycle)
    assert ("The key of the sheets" in page, "End the keying" in page) == (False, True)
    with nothing_moves(cycle, keys):
        answer = client.post(at("paper_desk", cycle), {"act": "ask_anew", "reason": WHY})
    assert (answer.status_code, b"where it belongs" in answer.content) == (400, True)


def test_the_desk_says_that_keying_is_not_begun_anew_after_its_end(client, keys):
    cycle, place, numbers = half_keyed()
    keyed(cycle, numbers[1], [1], by=holder(Role.CLERK))
    accounted(place, 2)
    ended(cycle)
    lose_key(cycle)
    sign_in_with_second_factor(client, administrator())
    page = text_of(client, "paper_desk", cycle)
    assert ("the sample waits for it" in page, BUTTON in page) == (True, False)


def test_two_administrators_do_it_at_the_desk(client, keys, settings):
    cycle, *_ = half_keyed()
    lose_key(cycle)
    sign_in_with_second_factor(client, administrator())
    desk = at("paper_desk", cycle)
    assert client.post(desk, {"act": "ask_anew", "reason": " "}).status_code == 400
    assert client.post(desk, {"act": "ask_anew", "reason": WHY}).status_code == 302
    [waiting] = keyings_anew_asked(cycle)
    page = text_of(client, "paper_desk", cycle)
    assert ("You asked for it." in page, "Agree: begin keying anew" in page) == (True, False)
    given = {"act": "agree_anew", "asked": waiting.pk}
    with nothing_moves(cycle, keys):
        assert client.post(desk, given).status_code == 400
    client.logout()
    cache.clear()
    sign_in_with_second_factor(client, administrator())
    settings.SECOND_FACTOR_RECENT_SECONDS = -1
    with nothing_moves(cycle, keys):
        told = client.post(desk, given)
    assert (told.status_code, "reauthenticate" in told.url) == (302, True)
    settings.SECOND_FACTOR_RECENT_SECONDS = 300
    told = client.post(desk, given, follow=True).content.decode()
    assert "There is a new key. 3 keyings were dropped" in told
    assert "The key of the sheets" not in told
    assert KeyingAnew.objects.get().reason == WHY


def test_everybody_reads_why_and_clerks_begin_again(client, keys):
    cycle, _place, numbers = half_keyed()
    begun_anew(cycle, reason=WHY)
    page = text_of(client, "paper", cycle)
    assert "Keying was begun anew once" in page
    assert WHY in page
    assert "3 keyings were dropped unread" in page
    assert KeyingAnew.objects.get().key_hash not in page
    sign_in_with_second_factor(client, holder(Role.CLERK))
    page = text_of(client, "keying", cycle)
    assert WHY in page
    assert shown_number(numbers[0]) not in page


def test_observers_and_the_trail_tell_who_asked_and_who_agreed(client, keys):
    cycle, *_ = half_keyed()
    made = begun_anew(cycle)
    sign_in_with_second_factor(client, holder(Role.OBSERVER))
    page = text_of(client, "observing", cycle)
    assert "Keying begun anew" in page
    for person in (made.approval.requested_by, made.approval.approved_by):
        assert str(person) in page
    page = text_of(client, "trail", cycle)
    for words in ("Keying begun anew: asked for", "Keying begun anew: agreed to"):
        assert words in page
    assert "Keying of the paper ballots was begun anew" in page


def test_pages_ask_as_much_for_three_beginnings_as_for_one(client, keys):
    cycle, *_ = half_keyed()
    begun_anew(cycle)
    sign_in_with_second_factor(client, holder(Role.BUDGET_ADMINISTRATOR, Role.CLERK))
    names = ("paper", "paper_desk", "keying")
    client.get(at("paper", cycle))
    few = {name: len(queries_of(client, at(name, cycle))) for name in names}
    begun_anew(cycle)
    begun_anew(cycle)
    assert few == {name: len(queries_of(client, at(name, cycle))) for name in names}
    assert "Keying was begun anew 3 times" in text_of(client, "paper", cycle)
