"""The pages of a vote on paper: who sees which, what they say, what is kept of what is typed."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.cache import cache
from django.urls import reverse
from pypdf import PdfReader

from budgeting.domain.paper import shown_number
from budgeting.enums import CycleState
from budgeting.models import CheckIn, Keying, KeyingEnd, PlaceTotals, PollingPlace, Sheet
from budgeting.selectors import compared_sheets
from budgeting.services import key_files
from budgeting.services.ballots import Choice, cast
from budgeting.services.paper import add_place
from civicfund.people.enums import Role
from tests.altering import bent
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    codes,
    end_voting,
    open_by_trustees,
    running_cycle,
)
from tests.factories.paper import (
    accounted,
    all_keyed,
    closed,
    ended,
    entry_of,
    holder,
    keyed,
    keyed_by_two,
    paper_by_number,
    paper_cycle,
    print_more,
    voted_on_paper,
)
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import sign_in_with_second_factor
from tests.town.test_queries import queries_of

pytestmark = pytest.mark.django_db

DESKS = {
    "paper_desk": {Role.BUDGET_ADMINISTRATOR},
    "check_in": {Role.POLL_OFFICER},
    "keying": {Role.CLERK},
    "sample": {Role.CLERK, Role.OBSERVER},
}


def at(name, cycle):
    return reverse(name, args=[cycle.slug])


def come_in(client, user):
    """Signed in with a second factor, as the desks ask for it."""
    cache.clear()
    client.logout()
    sign_in_with_second_factor(client, user)
    return user


@pytest.mark.parametrize("role", Role)
def test_each_desk_is_for_its_role_alone(client, role):
    cycle, *_ = paper_cycle(1)
    come_in(client, holder(role))
    for name, roles in DESKS.items():
        status = client.get(at(name, cycle)).status_code
        assert status == (200 if role in roles else 403), name


def test_there_is_no_page_where_a_cycle_is_not_on_paper(client):
    cycle, *_ = paper_cycle(1)
    assert client.get(at("paper", cycle)).status_code == 200
    plain, _ = running_cycle()
    for name in ("paper", "paper_csv"):
        assert client.get(at(name, plain)).status_code == 404


# --- the administrator's desk


def test_an_administrator_offers_paper_names_places_and_prints_sheets(client):
    cycle, [person] = running_cycle(1)
    come_in(client, administrator())
    desk = at("paper_desk", cycle)

    def send(act, status=302, **given):
        answer = client.post(desk, {"act": act, **given})
        assert answer.status_code == status
        return answer

    send("offer", sample_size=5)
    send("add_place", name="Town hall", address="Market Square 1", hours="8 to 18")
    assert b"of this name already" in send("add_place", 400, name="Town hall", address="x").content
    place = PollingPlace.objects.get()
    send("correct_place", place=place.pk, name="Old town hall", address="Market Square 2")
    area = entry_of(cycle, person).place
    given = {"place": place.pk, "area": area.pk, "language": "en"}
    assert send("print", 400, **given, number=201).status_code == 400
    assert not Sheet.objects.exists()
    answer = send("print", 200, **given, number=3)
    assert answer["Content-Type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    numbers = {shown_number(number) for number in Sheet.objects.values_list("number", flat=True)}
    found = {number for number in numbers for page in pages if number in page.extract_text()}
    assert (len(pages), len(found)) == (3, 3)
    page = client.get(at("paper", cycle)).content.decode()
    assert "Old town hall" in page
    assert "A paper ballot is final" in page
    assert not any(number in page for number in numbers)


def test_keying_is_ended_at_the_desk_or_it_says_what_is_left(client):
    running, _people, place, numbers = paper_cycle(1)
    cycle = closed(running)
    keyed_by_two(cycle, {numbers[0]: [0]})
    come_in(client, administrator())
    answer = client.post(at("paper_desk", cycle), {"act": "end_keying"})
    assert (answer.status_code, b"has not been accounted for yet" in answer.content) == (400, True)
    given = {"act": "account", "place": place.pk, "cast": 1, "spoiled": 0}
    answer = client.post(at("paper_desk", cycle), given | {"returned": 4})
    assert (
        answer.status_code,
        b"1 of the sheets that were printed are missing" in answer.content,
    ) == (
        400,
        True,
    )
    given |= {"returned": 4, "reason": "=One blew away"}
    assert client.post(at("paper_desk", cycle), given).status_code == 302
    explained_by_another(client, cycle, place)
    assert KeyingEnd.objects.get().sheets == 1
    client.logout()
    page = client.get(at("paper", cycle)).content.decode()
    for words in ("=One blew away", "The list got wet", "1 sheet more than people"):
        assert words in page
    assert cycle.paper.seed in page
    content = b"".join(client.get(at("paper_csv", cycle)).streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(content))
    assert (row["printed"], row["in_the_box"], row["missing"], row["sheets_keyed"]) == (
        "6", "1", "1", "1",
    )  # fmt: skip
    assert row["reason"] == "'=One blew away"
    assert row["reason_at_the_end_of_keying"] == "The list got wet"


def explained_by_another(client, cycle, place):
    """More sheets than people are asked about, and explained by another than accounted for them."""
    desk = at("paper_desk", cycle)
    answer = client.post(desk, {"act": "end_keying"})
    assert b"another administrator has to end the keying" in answer.content
    come_in(client, administrator())
    answer = client.post(desk, {"act": "end_keying"})
    assert answer.status_code == 400
    [field] = answer.context["forms"]["end_keying"]
    asked = "Town hall: 1 sheets in the box, 1 keyed, 0 people checked in"
    assert (field.label, field.name) == (asked, f"why-{place.pk}-1-1")
    for said in (" ", "\x00", "A" * 501):
        given = {"act": "end_keying", field.name: said}
        assert client.post(desk, given).status_code == 400
    assert KeyingEnd.objects.count() == 0
    given = {"act": "end_keying", field.name: "The list\x00 got \u202ewet"}
    assert client.post(desk, given).status_code == 302


def test_the_seed_is_secret_until_keying_has_ended(client):
    cycle, *_ = paper_cycle(1)
    page = client.get(at("paper", cycle)).content.decode()
    assert cycle.paper.commitment in page
    assert cycle.paper.seed not in page


# --- the officers' desk


def test_an_officer_finds_somebody_compares_and_checks_them_in(client):
    home = NeighborhoodFactory()
    cycle, place = paper_by_number(home, "47110815")
    come_in(client, holder(Role.POLL_OFFICER))
    desk = at("check_in", cycle)
    answer = client.post(desk, {"act": "find", "place": place.pk, "number": "9999"})
    assert (answer.status_code, b"Nobody on the roll" in answer.content) == (400, True)
    found = client.post(desk, {"act": "find", "place": place.pk, "number": "47-11-08-15"})
    page = found.content.decode()
    assert home.name in page
    assert "47110815" not in page
    assert "47-11-08-15" not in page
    assert not CheckIn.objects.exists()
    signed = found.context["found"]["form"].initial["found"]
    refused = client.post(desk, {"act": "give", "found": bent(signed)})
    assert (refused.status_code, CheckIn.objects.count()) == (400, 0)
    assert client.post(desk, {"act": "give", "found": signed}).status_code == 302
    assert CheckIn.objects.get().place == place
    again = client.post(desk, {"act": "give", "found": signed})
    assert (again.status_code, b"Give no other" in again.content) == (400, True)
    assert CheckIn.objects.count() == 1
    assert b"1 person was checked in" in client.get(desk).content


def test_an_officer_is_told_that_somebody_has_voted_and_that_paper_replaces_it(client):
    cycle, place = paper_by_number(NeighborhoodFactory(), "4711")
    other = cycle.roll.get()
    pot = cycle.pots.get()
    cast(cycle, other, {pot.pk: Choice(codes(pot)[:1])})
    come_in(client, holder(Role.POLL_OFFICER))
    given = {"act": "find", "place": place.pk, "number": "4711"}
    assert b"Has voted in another way" in client.post(at("check_in", cycle), given).content


def test_an_officer_accounts_for_a_place_when_voting_is_over(client):
    cycle, _people, place, _ = paper_cycle(1)
    come_in(client, holder(Role.POLL_OFFICER))
    given = {"act": "account", "place": place.pk, "cast": 0, "spoiled": 0, "returned": 6}
    assert client.post(at("check_in", cycle), given).status_code == 400
    end_voting(cycle)
    too_many = client.post(at("check_in", cycle), given | {"cast": 10**12})
    assert (too_many.status_code, PlaceTotals.objects.exists()) == (400, False)
    assert client.post(at("check_in", cycle), given).status_code == 302
    assert PlaceTotals.objects.get().returned == 6


# --- the clerks' desk


def test_a_clerk_keys_a_sheet_and_what_breaks_the_rules_is_said(client):
    running, _people, _place, numbers = paper_cycle(1, max_options=1)
    cycle = closed(running)
    pot = cycle.pots.get()
    name, named = f"pot-{pot.pk}", codes(pot)
    come_in(client, holder(Role.CLERK))
    desk = at("keying", cycle)
    answer = client.post(desk, {"number": "2222-2223"})
    assert (answer.status_code, b"a letter is missing or wrong" in answer.content) == (400, True)
    page = client.post(desk, {"number": shown_number(numbers[0]).lower()}).content.decode()
    assert all(option.name in page for option in pot.options.all())
    sent = {"number": numbers[0], "read": "yes"}
    answer = client.post(desk, sent | {name: named[:2]})
    assert answer.status_code == 400
    assert b"You chose 2; this pot allows 1 project." in answer.content
    assert answer.content.count(b"checked") == 2
    assert client.post(desk, sent).status_code == 400
    assert client.post(desk, sent | {"void": "mood"}).status_code == 400
    assert not Keying.objects.exists()
    answer = client.post(desk, sent | {f"void-{pot.pk}": "too_many"})
    assert (answer.status_code, Keying.objects.get().void) == (302, "too_many")
    answer = client.post(desk, {"number": numbers[0]})
    assert (answer.status_code, b"another clerk&#x27;s turn" in answer.content) == (400, True)
    come_in(client, holder(Role.CLERK))
    assert shown_number(numbers[0]) in client.get(desk).content.decode()
    client.post(desk, sent | {name: named[:1]})
    come_in(client, holder(Role.CLERK))
    assert b"Two clerks differ: you key them too" in client.get(desk).content


def test_a_sheet_that_three_clerks_read_differently_waits_for_another_one(client):
    running, _people, _place, [number, *_] = paper_cycle(1)
    cycle = closed(running)
    for positions in ([0], [1]):
        keyed(cycle, number, positions, by=holder(Role.CLERK))
    pot = cycle.pots.get()
    name, named = f"pot-{pot.pk}", codes(pot)
    desk, sent = at("keying", cycle), {"number": number, "read": "yes"}
    third = come_in(client, holder(Role.CLERK))
    answer = client.post(desk, sent | {name: named[2:3]}, follow=True)
    assert b"No two keyings of this sheet agree" in answer.content
    assert b"You have keyed these: another clerk has to" in answer.content
    again = client.post(desk, sent | {name: named[:1]})
    assert (again.status_code, Keying.objects.filter(clerk=third).count()) == (400, 1)
    come_in(client, holder(Role.CLERK))
    assert b"No two clerks agree: you key them too" in client.get(desk).content
    answer = client.post(desk, sent | {name: named[:1]}, follow=True)
    assert b"Kept. This sheet is done." in answer.content
    assert b"another clerk has to" not in answer.content


def test_a_clerk_is_told_when_the_key_is_gone_and_nothing_is_kept(client):
    running, _people, _place, numbers = paper_cycle(1)
    cycle = closed(running)
    key_files.destroy_key(cycle.paper.key_hash)
    come_in(client, holder(Role.CLERK))
    answer = client.post(at("keying", cycle), {"number": numbers[0], "read": "yes"})
    assert answer.status_code == 503
    assert b"cannot be keyed right now" in answer.content
    assert client.get(at("keying", cycle)).status_code == 503
    assert not Keying.objects.exists()


def test_an_observer_reads_a_drawn_sheet_at_the_desk(client):
    running, _people, place, numbers = paper_cycle(1, sample_size=1)
    cycle = closed(running)
    keyed_by_two(cycle, {numbers[0]: [0]})
    accounted(place, 1)
    ended(cycle)
    pot = cycle.pots.get()
    sent = {"number": numbers[0], "read": "yes", f"pot-{pot.pk}": codes(pot)[:1]}
    for role in (Role.OBSERVER, Role.CLERK):
        come_in(client, holder(role))
        desk = at("sample", cycle)
        page = client.get(desk).content.decode()
        assert shown_number(numbers[0]) in page
        assert "waits for you" in page
        wrong = client.post(desk, {"number": numbers[1]})
        assert (wrong.status_code, b"was not drawn" in wrong.content) == (400, True)
        assert client.post(desk, sent).status_code == 302
    [state] = compared_sheets(cycle)
    assert (state.settled, state.agrees) == (True, True)
    page = " ".join(client.get(at("paper", cycle)).content.decode().split())
    assert "0 of them were keyed wrong: 0.00 %" in page


# --- afterwards


def test_everybody_reads_on_how_many_sheets_three_clerks_differed(client):
    running, _people, place, [number, *_] = paper_cycle(1)
    cycle = closed(running)
    for positions in ([0], [1], [2], [1]):
        keyed(cycle, number, positions, by=holder(Role.CLERK))
    accounted(place, 1)
    assert (ended(cycle).decided, KeyingEnd.objects.get().beyond_three) == (1, 1)
    page = client.get(at("paper", cycle)).content.decode()
    assert "on which three differed, so that more keyed them" in page


def test_everybody_reads_what_paper_came_to(client):
    running, people, place, numbers = paper_cycle(2)
    cast_positions(running, people[0], [0])
    voted_on_paper(running, people[:1], place)
    cycle = closed(running)
    all_keyed(cycle, place, {numbers[0]: [1], numbers[1]: []}, spoiled=1)
    cycle = open_by_trustees(cycle)
    assert cycle.state == CycleState.UNSEALED
    page = " ".join(client.get(at("paper", cycle)).content.decode().split())
    assert "Nothing is filled in" in page
    assert "Counted ballots cast electronically: 0. Counted sheets of paper: 1." in page
    board = client.get(at("board", cycle)).content.decode()
    assert "Of these replaced by a paper ballot" in board
    assert "Counted in all" in board


def test_pages_ask_as_much_for_three_places_as_for_one(client):
    cycle, *_ = paper_cycle(1)
    officer = holder(Role.POLL_OFFICER, Role.BUDGET_ADMINISTRATOR)
    come_in(client, officer)
    names = ("paper", "paper_desk", "check_in")
    client.get(at("paper", cycle))
    few = {name: len(queries_of(client, at(name, cycle))) for name in names}
    for name in ("Library", "School"):
        more = add_place(cycle, name=name, address="Long Street", by=administrator())
        print_more(cycle, more, 2)
    assert few == {name: len(queries_of(client, at(name, cycle))) for name in names}


def drawn(sample_size):
    """A cycle with so many sheets in its sample."""
    running, _people, place, numbers = paper_cycle(1, sample_size=sample_size)
    cycle = closed(running)
    keyed_by_two(cycle, {number: [0] for number in numbers})
    accounted(place, 6)
    ended(cycle)
    return cycle


def test_the_clerks_desks_ask_as_much_for_three_sheets_as_for_one(client):
    running, _people, _place, numbers = paper_cycle(1)
    cycle = closed(running)
    come_in(client, holder(Role.CLERK))
    keyed_by_two(cycle, {numbers[0]: [0]})
    client.get(at("keying", cycle))
    few = len(queries_of(client, at("keying", cycle)))
    keyed_by_two(cycle, {numbers[1]: [0], numbers[2]: [0]})
    assert len(queries_of(client, at("keying", cycle))) == few
    one, three = drawn(1), drawn(3)
    assert len(queries_of(client, at("sample", one))) == len(
        queries_of(client, at("sample", three))
    )
