"""A roll of one kind, added to as it was asked for: whatever comes together, nobody votes twice."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from budgeting.enums import RollSource, VoterGroup
from budgeting.models import CheckIn, RollBatch, RollEntry
from budgeting.services.ballots import Choice, cast
from budgeting.services.check_ins import check_in, find_voter
from budgeting.services.codes import claim_by_code, code_for, request_letters
from budgeting.services.errors import NotOnRollError, RefusedError
from budgeting.services.kiosks import open_ballot, register_kiosk, unlock_ballot
from budgeting.services.paper import offer_paper
from budgeting.services.roll import (
    ROLL,
    add_person,
    request_file,
    request_person,
    set_eligibility,
)
from budgeting.services.roll_files import check_file, import_file
from budgeting.services.roll_homes import add_residents, request_residents
from budgeting.services.voters import entry_by_number, voting_number
from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, db_now, request_act
from civicfund.people.enums import Role
from civicfund.people.services import prove_residency
from tests.budgeting.test_roll import (
    DAY,
    a_file,
    ask_for,
    imported,
    letters_to,
    person_row,
    signed_in,
)
from tests.factories.budgeting import (
    administrator,
    codes,
    draft_cycle,
    fill_roll,
    opened,
    running_cycle,
)
from tests.factories.paper import entry_of, holder, paper_cycle
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return NeighborhoodFactory(name="Harbour")


@pytest.fixture
def cycle(place):
    return ruled(draft_cycle(place=place))


def ruled(cycle, age=16, places=()):
    set_eligibility(
        cycle, minimum_age=age, age_on=DAY, groups=[VoterGroup.RESIDENT], places=places,
        by=administrator(),
    )  # fmt: skip
    return cycle


def page(name, cycle):
    return reverse(name, args=[cycle.slug])


# --- one kind


def test_a_roll_of_homes_takes_no_file_and_nobody_by_number(cycle, place):
    ResidencyFactory(neighborhood=place)
    file = a_file(person_row(1, place))
    asked = ask_for(cycle, file)
    fill_roll(cycle)
    with pytest.raises(RefusedError, match="made of confirmed homes"):
        import_file(cycle, a_file(person_row(1, place)), by=administrator())
    with pytest.raises(RefusedError, match="made of confirmed homes"):
        check_file(cycle, a_file(person_row(1, place)))
    with pytest.raises(RefusedError, match="made of confirmed homes"):
        request_file(
            cycle, sha256="0" * 64, lines=1, left_out=0, eligibility=1, by=asked.requested_by
        )
    with pytest.raises(RefusedError, match="made of confirmed homes"):
        request_person(cycle, number="7", place=place, by=holder(Role.POLL_OFFICER))
    running = opened(cycle)
    with pytest.raises(RefusedError, match="needs no letter"):
        request_letters(running, sha256="0" * 64, lines=1, by=administrator())
    assert cycle.roll.count() == 1


@pytest.mark.parametrize("by_file", [True, False])
def test_a_roll_of_numbers_takes_no_homes(cycle, place, by_file):
    ResidencyFactory(neighborhood=place)
    asked = request_residents(cycle, day=DAY, by=administrator())
    if by_file:
        imported(cycle, person_row(1, place))
    else:
        request_person(cycle, number="7", place=place, by=administrator())
        add_person(cycle, number="7", place=place, by=administrator())
    with pytest.raises(RefusedError, match="takes no confirmed homes"):
        add_residents(cycle, asked.pk, by=administrator())
    with pytest.raises(RefusedError, match="takes no confirmed homes"):
        request_residents(cycle, day=DAY, by=administrator())
    assert cycle.roll.count() == 1


def test_a_batch_of_nobody_leaves_the_choice(cycle, place):
    assert fill_roll(cycle).added == 0
    assert imported(cycle, person_row(1, place)).added == 1


def by_sql(cycle, source, *, lines=1, left_out=0, eligibility=1, added=1, at=None, **said):
    """A batch that two people agreed to, written past the service."""
    asked = request_act(
        ROLL, cycle, requested_by=administrator(),
        source=source, lines=lines, left_out=left_out, eligibility=eligibility, **said,
    )  # fmt: skip
    return RollBatch.objects.create(
        cycle=cycle, approval=approve_act(asked, approved_by=administrator()),
        source=source, added=added, digest="0" * 64, late=False, at=at or db_now(),
    )  # fmt: skip


def test_the_database_keeps_a_roll_to_one_kind(cycle, place):
    ResidencyFactory(neighborhood=place)
    fill_roll(cycle)
    for source in (RollSource.FILE, RollSource.PERSON):
        with pytest.raises(DatabaseError, match="never of both"), transaction.atomic():
            by_sql(cycle, source)
    empty = by_sql(cycle, RollSource.FILE, added=0)
    with pytest.raises(DatabaseError, match="not the line"), transaction.atomic():
        RollEntry.objects.create(cycle=cycle, batch=empty, person_key="1" * 64, place=place)
    other = ruled(draft_cycle(place=NeighborhoodFactory()))
    imported(other, person_row(1, place))
    with pytest.raises(DatabaseError, match="never of both"), transaction.atomic():
        by_sql(other, RollSource.RESIDENCIES)


# --- no more and no fewer than two people agreed to


def lines(batch, place, *numbers, accounts=()):
    """Lines of a batch, written past the service, and the accounts that vote as them."""
    users = accounts or [None] * len(numbers)
    RollEntry.objects.bulk_create(
        RollEntry(
            cycle=batch.cycle, batch=batch, place=place, person_key=f"{number:064x}", claimed_by=by
        )
        for number, by in zip(numbers, users, strict=True)
    )


@pytest.mark.parametrize("number", [1, 100])
def test_nobody_pads_a_batch_that_two_people_agreed_to(cycle, place, number):
    batch = imported(cycle, person_row(1, place), person_row(2, place))
    before = list(cycle.roll.order_by("pk").values())
    accounts = UserFactory.create_batch(number)
    for opens in (False, True):
        cycle = opened(cycle) if opens else cycle
        with pytest.raises(DatabaseError, match="and to no more"), transaction.atomic():
            lines(batch, place, *range(number), accounts=accounts)
    pot = cycle.pots.get()
    with pytest.raises(NotOnRollError):
        cast(cycle, accounts[0], {pot.pk: Choice(codes(pot)[:1])})
    assert list(cycle.roll.order_by("pk").values()) == before


def test_nobody_pads_a_roll_of_homes(cycle, place):
    ResidencyFactory(neighborhood=place)
    batch = fill_roll(cycle)
    with pytest.raises(DatabaseError, match="and to no more"), transaction.atomic():
        lines(batch, place, 1, accounts=[UserFactory()])
    assert cycle.roll.count() == 1


def test_lines_may_come_in_parts_and_the_last_of_them_is_the_last(cycle, place):
    batch = by_sql(cycle, RollSource.FILE, lines=3, added=3)
    lines(batch, place, 1, 2)
    with pytest.raises(DatabaseError, match="and to no more"), transaction.atomic():
        lines(batch, place, 3, 4)
    lines(batch, place, 3)
    with pytest.raises(DatabaseError, match="and to no more"), transaction.atomic():
        lines(batch, place, 4)
    connection.check_constraints()
    assert cycle.roll.count() == 3


def test_a_batch_leaves_no_room_for_lines_that_would_come_later(cycle, place):
    batch = by_sql(cycle, RollSource.FILE, lines=2, added=2)
    lines(batch, place, 1)
    with pytest.raises(DatabaseError, match="as many lines as it says"), transaction.atomic():
        connection.check_constraints()
    lines(batch, place, 2)
    connection.check_constraints()


def test_lines_come_in_the_transaction_of_their_batch(cycle, place):
    with pytest.raises(DatabaseError, match="and to no more"), transaction.atomic():
        lines(by_sql(cycle, RollSource.FILE, at=db_now() - timedelta(hours=1)), place, 1)
    assert not cycle.roll.exists()


# --- officers find accounts


def test_on_a_roll_of_homes_an_officer_finds_a_voter_by_the_number_that_their_account_shows():
    cycle, [person, other], place, _ = paper_cycle(2)
    entry, officer = entry_of(cycle, person), holder(Role.POLL_OFFICER)
    number = voting_number(entry)
    assert re.fullmatch(r"\d+-[A-Z2-7]{4}-[A-Z2-7]{4}", number)
    for typed in (number, number.lower().replace("-", " "), number.replace("O", "0")):
        assert find_voter(cycle, typed, by=officer).entry == entry
    theirs = voting_number(entry_of(cycle, other))
    wrong = (str(entry.pk), f"{entry.pk}{theirs[theirs.index('-') :]}", f"{number}A", "", "x" * 60)
    for typed in (*wrong, f"{'9' * 30}-AAAA-AAAA"):
        with pytest.raises(NotOnRollError, match="Who may vote"):
            find_voter(cycle, typed, by=officer)
    check_in(find_voter(cycle, number, by=officer).entry, place, by=officer)
    assert CheckIn.objects.get().participation.roll_entry == entry


def test_the_number_of_one_vote_is_none_in_another():
    one, [person] = running_cycle()
    other, _ = running_cycle()
    assert entry_by_number(one, voting_number(entry_of(one, person)))
    assert entry_by_number(other, voting_number(entry_of(one, person))) is None


def test_on_a_roll_of_homes_a_kiosk_is_unlocked_by_that_number():
    cycle, [person] = running_cycle()
    kiosk, _key = register_kiosk(cycle, name="Library", by=administrator())
    entry, officer = entry_of(cycle, person), holder(Role.POLL_OFFICER)
    code = unlock_ballot(kiosk, number=voting_number(entry), by=officer).code
    assert open_ballot(kiosk, code).entry == entry


def test_the_page_shows_the_number_to_whoever_it_is_and_to_nobody_else(client):
    cycle, [person, other] = running_cycle(2)
    number = voting_number(entry_of(cycle, person))
    client.force_login(person)
    assert number not in client.get(page("roll", cycle)).content.decode()
    offer_paper(cycle, sample_size=2, by=administrator())
    assert number in client.get(page("roll", cycle)).content.decode()
    client.force_login(other)
    shown = client.get(page("roll", cycle)).content.decode()
    assert number not in shown
    assert voting_number(entry_of(cycle, other)) in shown


def test_a_roll_from_a_file_shows_no_such_number(client, cycle, place):
    imported(cycle, person_row(1, place))
    running = opened(cycle)
    offer_paper(running, sample_size=2, by=administrator())
    person = ResidencyFactory(neighborhood=place).user
    RollEntry.objects.update(claimed_by=person)
    client.force_login(person)
    shown = client.get(page("roll", running)).content.decode()
    assert "Yes, you may" in shown
    assert voting_number(running.roll.get()) not in shown
    assert entry_by_number(running, voting_number(running.roll.get())) is None


# --- pages


def test_the_desk_offers_what_fits_the_roll(client, cycle, place):
    cache.clear()
    signed_in(client)
    desk = page("roll_desk", cycle)
    both = client.get(desk).content.decode()
    assert "Choose one of the two" in both
    assert {"check_file", "ask_residents"} <= set(re.findall(r'value="(\w+)"', both))
    ResidencyFactory(neighborhood=place)
    fill_roll(cycle)
    homes = client.get(desk).content.decode()
    assert "so it takes no file" in homes
    assert 'value="check_file"' not in homes
    other = ruled(draft_cycle(place=NeighborhoodFactory()))
    imported(other, person_row(1, place))
    numbers = client.get(page("roll_desk", other)).content.decode()
    assert "so it takes no confirmed homes" in numbers
    assert 'value="ask_residents"' not in numbers


def test_the_officers_desk_of_a_roll_of_homes_says_what_to_do_instead(client):
    cycle, _ = running_cycle()
    signed_in(client, role=Role.POLL_OFFICER)
    shown = client.get(page("officers_desk", cycle)).content.decode()
    assert "It knows accounts, not numbers" in shown
    assert reverse("homes_desk") in shown
    assert 'value="ask_person"' not in shown


def test_two_administrators_agree_to_a_number_of_homes_at_the_desk(client, cycle, place):
    cache.clear()
    ResidencyFactory(neighborhood=place)
    signed_in(client)
    desk = page("roll_desk", cycle)
    assert client.post(desk, {"act": "ask_residents", "day": "2026-01-01"}).status_code == 302
    client.logout()
    signed_in(client)
    assert "Agree to 1 person, on 2026-01-01" in client.get(desk).content.decode()
    asked = ActRequest.objects.get(act=ROLL)
    assert client.post(desk, {"act": "agree_residents", "asked": asked.pk}).status_code == 302
    assert cycle.roll.count() == 1


# --- as it was asked for


def test_a_file_is_agreed_to_under_the_rule_that_it_was_looked_through_under(cycle, place):
    rows = [person_row(1, place), person_row(2, place, born="2015-01-01")]
    ask_for(cycle, a_file(*rows))
    ruled(cycle, age=0)
    with pytest.raises(RefusedError, match="changed since this was asked for"):
        import_file(cycle, a_file(*rows), by=administrator())
    ruled(cycle, age=16)
    with pytest.raises(RefusedError, match="changed since this was asked for"):
        import_file(cycle, a_file(*rows), by=administrator())
    assert not cycle.roll.exists()
    assert imported(cycle, *rows).added == 1


def test_what_was_looked_through_under_another_rule_is_not_asked_for(cycle, place):
    report = check_file(cycle, a_file(person_row(1, place)))
    ruled(cycle, age=0)
    with pytest.raises(RefusedError, match="Look through it again"):
        request_file(
            cycle, sha256=report.sha256, lines=1, left_out=0, eligibility=report.eligibility,
            by=administrator(),
        )  # fmt: skip
    assert not ActRequest.objects.exists()


@pytest.mark.parametrize("wrong", [{"lines": 2}, {"left_out": 1}])
def test_a_file_of_other_numbers_than_were_asked_for_is_refused(cycle, place, wrong):
    content = a_file(person_row(1, place)).read()
    report = check_file(cycle, io.BytesIO(content))
    said = {"lines": 1, "left_out": 0, "eligibility": 1} | wrong
    request_file(cycle, sha256=report.sha256, by=administrator(), **said)
    with pytest.raises(RefusedError, match="ask for it anew"):
        import_file(cycle, io.BytesIO(content), by=administrator())
    assert not cycle.roll.exists()


def test_homes_are_agreed_to_under_the_rule_that_they_were_asked_for_under(cycle, place):
    ResidencyFactory(neighborhood=place)
    ruled(cycle, places=[place])
    asked = request_residents(cycle, day=DAY, by=administrator())
    ruled(cycle)
    with pytest.raises(RefusedError, match="changed since this was asked for"):
        add_residents(cycle, asked.pk, by=administrator())
    assert not cycle.roll.exists()


def test_homes_that_are_confirmed_after_it_was_asked_for_wait_for_the_next_time(cycle, place):
    early = ResidencyFactory(neighborhood=place)
    asked = request_residents(cycle, day=DAY, by=administrator())
    late = ResidencyFactory(neighborhood=place, proved_at="2099-01-01T00:00Z")
    add_residents(cycle, asked.pk, by=administrator())
    assert [entry.claimed_by for entry in cycle.roll.all()] == [early.user]
    assert late.user not in {entry.claimed_by for entry in cycle.roll.all()}


def test_the_database_takes_no_other_lines_than_were_asked_for(cycle):
    for wrong in (
        {"added": 2},
        {"left_out": 1},
        {"eligibility": 2},
        {"eligibility": None},
    ):
        with pytest.raises(DatabaseError, match="as they were asked for"), transaction.atomic():
            by_sql(cycle, RollSource.FILE, **wrong)
    assert by_sql(cycle, RollSource.FILE, added=0)


# --- one person


def test_both_officers_say_where_a_person_lives(cycle, place):
    elsewhere = NeighborhoodFactory(name="Elsewhere")
    officers = [holder(Role.POLL_OFFICER), holder(Role.POLL_OFFICER)]
    request_person(cycle, number="7", place=elsewhere, by=officers[0])
    with pytest.raises(RefusedError, match="lives elsewhere"):
        add_person(cycle, number="7", place=place, by=officers[1])
    assert not cycle.roll.exists()
    request_person(cycle, number="7", place=place, by=officers[1])
    add_person(cycle, number="7", place=place, by=officers[0])
    assert cycle.roll.get().place == place


def test_nobody_is_added_where_nobody_votes(client, place):
    elsewhere = NeighborhoodFactory(name="Elsewhere")
    cycle = opened(ruled(draft_cycle(place=place), places=[place]))
    with pytest.raises(RefusedError, match="Nobody votes there"):
        request_person(cycle, number="7", place=elsewhere, by=holder(Role.POLL_OFFICER))
    signed_in(client, role=Role.POLL_OFFICER)
    desk = page("officers_desk", cycle)
    shown = client.get(desk).content.decode()
    assert "Harbour" in shown
    assert "Elsewhere" not in shown
    assert "16 years old or older on 1 January 2026" in shown
    given = {"act": "ask_person", "number": "7", "place": elsewhere.pk}
    assert client.post(desk, given).status_code == 400
    assert not ActRequest.objects.filter(act=ROLL).exists()


def test_the_desk_refuses_a_second_officer_who_saw_another_place(client, place):
    elsewhere = NeighborhoodFactory(name="Elsewhere")
    cycle = opened(ruled(draft_cycle(place=place)))
    request_person(cycle, number="7", place=elsewhere, by=holder(Role.POLL_OFFICER))
    signed_in(client, role=Role.POLL_OFFICER)
    given = {"act": "agree_person", "second_number": "7", "second_place": place.pk}
    answer = client.post(page("officers_desk", cycle), given)
    assert (answer.status_code, b"lives elsewhere" in answer.content) == (400, True)
    assert not cycle.roll.exists()


def test_the_database_takes_of_one_person_no_other_line_than_two_saw(cycle, place):
    elsewhere = NeighborhoodFactory()
    said = {"person_key": "1" * 64, "place": place.pk}
    batch = by_sql(cycle, RollSource.PERSON, **said)
    for key, home in (("1" * 64, elsewhere), ("2" * 64, place)):
        with pytest.raises(DatabaseError, match="not the line"), transaction.atomic():
            RollEntry.objects.create(cycle=cycle, batch=batch, person_key=key, place=home)
    RollEntry.objects.create(cycle=cycle, batch=batch, person_key="1" * 64, place=place)


# --- ages


def test_homes_come_on_only_where_papers_showed_that_somebody_is_old_enough(cycle, place):
    grown = ResidencyFactory(neighborhood=place, born_by=date(2010, 1, 1))
    ResidencyFactory(neighborhood=place, born_by=date(2010, 1, 2))
    ResidencyFactory(neighborhood=place, born_by=None)
    asked = request_residents(cycle, day=DAY, by=administrator())
    assert (asked.parameters["lines"], asked.parameters["left_out"]) == (1, 2)
    batch = add_residents(cycle, asked.pk, by=administrator())
    assert (batch.added, batch.left_out) == (1, 2)
    assert cycle.roll.get().claimed_by == grown.user


def test_of_a_vote_of_any_age_nobody_is_asked(place):
    cycle = ruled(draft_cycle(place=place), age=0)
    ResidencyFactory(neighborhood=place, born_by=None)
    batch = fill_roll(cycle)
    assert (batch.added, batch.left_out) == (1, 0)


def test_an_age_that_is_noted_after_it_was_asked_for_takes_another_request(cycle, place):
    home = ResidencyFactory(neighborhood=place, born_by=None)
    asked = request_residents(cycle, day=DAY, by=administrator())
    prove_residency(home, at_least=18, by=holder(Role.POLL_OFFICER))
    with pytest.raises(RefusedError, match="ask for it anew"):
        add_residents(cycle, asked.pk, by=administrator())
    assert fill_roll(cycle).added == 1


def test_the_page_says_that_no_papers_showed_an_age(client, cycle, place):
    home = ResidencyFactory(neighborhood=place, born_by=None)
    ResidencyFactory(neighborhood=place)
    fill_roll(cycle)
    running = opened(cycle)
    client.force_login(home.user)
    shown = client.get(page("roll", running)).content.decode()
    assert "no papers have shown us that you are" in shown
    assert "notes only that you are old enough" in shown
    assert "yours came later" not in shown
    prove_residency(home, at_least=18, by=holder(Role.POLL_OFFICER))
    assert "no papers have shown" not in client.get(page("roll", running)).content.decode()


def test_a_letter_to_people_of_an_age_shows_that_age(cycle, place):
    imported(cycle, person_row(1, place))
    running = opened(cycle)
    [letter] = letters_to(running, person_row(1, place))
    home = ResidencyFactory(neighborhood=place, proof="", proved_at=None)
    claim_by_code(code_for(running, letter.code, 1980), by=home.user)
    home.refresh_from_db()
    assert home.born_by == date(2010, 1, 1)
