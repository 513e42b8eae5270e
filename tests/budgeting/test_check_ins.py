"""Checking people in for paper: final on every channel, once, without a sheet's number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from budgeting.enums import Channel
from budgeting.models import (
    BoardLine,
    Casting,
    CheckIn,
    OpenedBallot,
    Participation,
    PollingPlace,
    Sheet,
    SheetBatch,
)
from budgeting.selectors import Standing, ballot_status, people_by_channel, people_by_place
from budgeting.services.ballots import Choice, cast
from budgeting.services.check_ins import check_in, find_voter
from budgeting.services.errors import NotOnRollError, RefusedError, VotedOnPaperError
from budgeting.services.kiosks import register_kiosk, unlock_ballot
from budgeting.services.paper import (
    account_for,
    add_place,
    correct_place,
    offer_paper,
    print_sheets,
)
from civicfund.audit.services import db_now
from civicfund.notices.models import Message
from civicfund.notices.services import send_next
from civicfund.people.enums import Role
from tests.factories.budgeting import (
    add_options,
    administrator,
    cast_positions,
    codes,
    draft_cycle,
    end_voting,
    open_by_trustees,
    running_cycle,
)
from tests.factories.paper import (
    all_keyed,
    closed,
    entry_of,
    holder,
    paper_by_number,
    paper_cycle,
    print_more,
    voted_on_paper,
)
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db

LATER = {"voting_starts_in": timedelta(minutes=30)}


def cast_on(cycle, person, channel):
    pot = cycle.pots.first()
    named = {pot.pk: Choice(codes(pot)[:1])}
    return cast(cycle, entry_of(cycle, person), named, channel=channel)


def facts():
    return [rows.objects.count() for rows in (Casting, BoardLine, Participation, CheckIn)]


# --- final


def test_paper_replaces_an_earlier_ballot_and_every_later_one_is_refused():
    cycle, [first, second], place, numbers = paper_cycle(2)
    cast_positions(cycle, first, [0])
    cast_positions(cycle, first, [1])
    cast_positions(cycle, second, [2])
    voted_on_paper(cycle, [first], place)
    before = facts()
    for channel in (Channel.WEB, Channel.CODE, Channel.KIOSK):
        with pytest.raises(VotedOnPaperError, match="given a paper ballot on"):
            cast_on(cycle, first, channel)
    assert facts() == before == [3, 3, 2, 1]
    status = ballot_status(cycle, entry_of(cycle, first), db_now())
    assert (status.standing, status.may_cast) == (Standing.ON_PAPER, False)
    cycle = closed(cycle)
    board = cycle.board
    assert (board.size, board.kept, board.superseded, board.replaced_by_paper) == (3, 1, 2, 1)
    all_keyed(cycle, place, {numbers[0]: [0]})
    open_by_trustees(cycle)
    assert sorted(OpenedBallot.objects.values_list("options", flat=True)) == [[0], [2]]
    board.refresh_from_db()
    assert board.size == board.superseded + board.counted + board.void
    assert people_by_channel(cycle) == [1, 0, 0, 1]


def test_the_page_and_the_api_say_that_paper_is_final(client):
    cycle, [person], place, _ = paper_cycle(1)
    voted_on_paper(cycle, [person], place)
    client.force_login(person)
    pot = cycle.pots.get()
    page = reverse("ballot", args=[cycle.slug])
    assert "A paper ballot is final" in client.get(page).content.decode()
    answer = client.post(page, {f"pot-{pot.pk}": codes(pot)[:1]})
    assert (answer.status_code, "It is the one that counts" in answer.content.decode()) == (
        409,
        True,
    )
    given = {"pots": [{"pot": pot.pk, "options": codes(pot)[:1]}]}
    told = client.put(
        reverse("api_ballot", args=[cycle.slug]), given, content_type="application/json"
    )
    assert (told.status_code, Casting.objects.count()) == (409, 0)


def test_the_database_takes_no_casting_of_whoever_was_checked_in():
    cycle, [person], place, _ = paper_cycle(1)
    voted_on_paper(cycle, [person], place)
    [voted] = Participation.objects.all()
    with pytest.raises(DatabaseError, match="that is final"), transaction.atomic():
        Casting.objects.create(participation=voted, version=1, cast_at=db_now())
    assert Casting.objects.count() == 0


def test_the_same_person_at_two_places_gets_one_paper_ballot():
    cycle, [person], place, _ = paper_cycle(1)
    other = add_place(cycle, name="Library", address="Long Street 2", by=administrator())
    with pytest.raises(RefusedError, match="Library has no sheets with the pots of"):
        check_in(entry_of(cycle, person), other, by=holder(Role.POLL_OFFICER))
    assert facts() == [0, 0, 0, 0]
    print_more(cycle, other, 1)
    voted_on_paper(cycle, [person], place)
    with pytest.raises(RefusedError, match="already: at Town hall"):
        check_in(entry_of(cycle, person), other, by=holder(Role.POLL_OFFICER))
    assert CheckIn.objects.get().place == place
    [voted] = Participation.objects.all()
    officer = holder(Role.POLL_OFFICER)
    with pytest.raises(DatabaseError, match="participation_id"), transaction.atomic():
        CheckIn.objects.create(participation=voted, place=other, officer=officer, at=db_now())


def test_a_voter_is_found_by_number_and_nothing_of_it_is_kept():
    home = NeighborhoodFactory(name="Harbour")
    cycle, place = paper_by_number(home, "77-XY")
    officer = holder(Role.POLL_OFFICER)
    found = find_voter(cycle, " 77 xy", by=officer)
    assert (found.entry.place, found.voted_at) == (home, None)
    for typed in ("78XY", "", "--"):
        with pytest.raises(NotOnRollError, match="Nobody on the roll"):
            find_voter(cycle, typed, by=officer)
    check_in(found.entry, place, by=officer)
    with pytest.raises(RefusedError, match="Give no other"):
        find_voter(cycle, "77XY", by=officer)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(c::text, '') || (SELECT string_agg(e::text, '') FROM audit_event e)"
            " FROM budgeting_checkin c"
        )
        [kept] = cursor.fetchone()
    assert "77xy" not in kept.lower()  # in letters that no hash or key has
    assert not any(number in kept for number in Sheet.objects.values_list("number", flat=True))


def test_only_officers_check_in_and_only_while_voting_runs():
    cycle, [person], place, _ = paper_cycle(1)
    entry = entry_of(cycle, person)
    for somebody in (person, administrator(), holder(Role.CLERK)):
        with pytest.raises(PermissionDenied):
            check_in(entry, place, by=somebody)
        with pytest.raises(PermissionDenied):
            find_voter(cycle, "1", by=somebody)
    end_voting(cycle)
    officer = holder(Role.POLL_OFFICER)
    with pytest.raises(RefusedError, match="Voting is closed"):
        check_in(entry, place, by=officer)
    voted = Participation.objects.create(
        cycle=cycle, roll_entry=entry, channel=Channel.PAPER, at=db_now()
    )
    with pytest.raises(DatabaseError, match="while voting runs"), transaction.atomic():
        CheckIn.objects.create(participation=voted, place=place, officer=officer, at=db_now())
    assert CheckIn.objects.count() == 0


def test_nobody_is_checked_in_at_a_place_of_another_cycle():
    cycle, [person], place, _ = paper_cycle(1)
    _other, _people, elsewhere, _numbers = paper_cycle(1)
    officer = voted_on_paper(cycle, [], place)
    voted = Participation.objects.create(
        cycle=cycle, roll_entry=entry_of(cycle, person), channel=Channel.PAPER, at=db_now()
    )
    with pytest.raises(DatabaseError, match="at a place of their cycle"), transaction.atomic():
        CheckIn.objects.create(participation=voted, place=elsewhere, officer=officer, at=db_now())
    with pytest.raises(NotOnRollError):
        check_in(entry_of(cycle, person), elsewhere, by=officer)


# --- told by mail


def mailed():
    """What is in the outbox, sent now: to whom, the subject and the words."""
    mail.outbox.clear()
    while send_next():
        pass
    return [(sent.to, sent.subject, sent.body) for sent in mail.outbox]


def test_whoever_is_checked_in_is_told_by_mail_whether_they_had_cast_or_not():
    cycle, [online, absent, other], place, _ = paper_cycle(3)
    cast_positions(cycle, online, [0])
    voted_on_paper(cycle, [online, absent], place)
    (to, subject, cast_before), (to_absent, _subject, not_cast) = mailed()
    assert ([to, to_absent], subject) == (
        [[online.email], [absent.email]],
        f"You were given a paper ballot: {cycle.title}",
    )
    for body in (cast_before, not_cast):
        assert "at Town hall, Market Square 1" in body
        assert "If it was not, somebody was checked in as you" in body
        assert reverse("complaint") in body
        assert not any(option.name in body for option in cycle.pots.get().options.all())
    assert "What you cast in another way before is not counted" in cast_before
    assert "What you cast" not in not_cast
    with pytest.raises(RefusedError, match="already"):
        check_in(entry_of(cycle, online), place, by=holder(Role.POLL_OFFICER))
    assert mailed() == []
    assert not Message.objects.filter(recipient=other).exists()


def test_a_line_that_no_account_has_is_told_nothing():
    cycle, place = paper_by_number(NeighborhoodFactory(), "4711")
    check_in(cycle.roll.get(), place, by=holder(Role.POLL_OFFICER))
    assert CheckIn.objects.count() == 1
    assert not Message.objects.filter(kind="paper_given").exists()


# --- places and sheets


def test_sheets_have_numbers_of_their_own_and_a_batch_as_many_as_it_says():
    cycle, _people, place, numbers = paper_cycle(1, sheets=6)
    batch, more = print_more(cycle, place, 5)
    assert len({*numbers, *more}) == 11
    assert set(more) == set(batch.sheets.values_list("number", flat=True))
    fewer = SheetBatch.objects.create(
        cycle=cycle, place=place, area=batch.area, language="en", printed=2, made_by=batch.made_by
    )
    with pytest.raises(DatabaseError, match="as many sheets as it says"), transaction.atomic():
        Sheet.objects.create(cycle=cycle, batch=fewer, number="23456789")
    with pytest.raises(DatabaseError, match="sheet_number_once"), transaction.atomic():
        Sheet.objects.create(cycle=cycle, batch=batch, number=numbers[0])


def test_sheets_are_printed_from_the_opening_on_and_freeze_the_ballot():
    by = administrator()
    draft = draft_cycle()
    offer_paper(draft, sample_size=1, by=by)
    place = add_place(draft, name="Town hall", address="Market Square 1", by=by)
    area = NeighborhoodFactory()
    with pytest.raises(RefusedError, match="once the cycle is open"):
        print_sheets(place, area=area, number=1, language="en", by=by)
    assert Sheet.objects.count() == 0
    running, _people, place, _numbers = paper_cycle(1, **LATER)
    with pytest.raises(RefusedError, match="Paper ballots are printed"):
        add_options(running.pots.get(), [100_000], by=by)
    option = running.pots.get().options.first()
    option.cost_minor += 1
    with pytest.raises(DatabaseError, match="no longer changes"), transaction.atomic():
        option.save()
    for wrong in ({"number": 0}, {"number": 201}, {"language": "xx"}):
        given = {"area": area, "number": 1, "language": "en"} | wrong
        with pytest.raises(RefusedError):
            print_sheets(place, **given, by=by)
    with pytest.raises(PermissionDenied):
        print_sheets(place, area=area, number=1, language="en", by=holder(Role.POLL_OFFICER))


def test_places_are_named_once_corrected_and_fixed_when_voting_is_over():
    by = administrator()
    cycle, _people, place, _numbers = paper_cycle(1)
    with pytest.raises(RefusedError, match="of this name already"):
        add_place(cycle, name="Town hall", address="Elsewhere", by=by)
    library = add_place(cycle, name="Library", address="Long Street 2", by=by)
    with pytest.raises(RefusedError, match="of this name already"):
        correct_place(library, name="Town hall", address="Long Street 2", by=by)
    library.refresh_from_db()
    correct_place(library, name="Library", address="Short Street 2", hours="8 to 18", by=by)
    end_voting(cycle)
    for act in (
        lambda: add_place(cycle, name="School", address="Hill 3", by=by),
        lambda: correct_place(place, name="Hall", address="Hill 3", by=by),
        lambda: print_more(cycle, place, 1),
    ):
        with pytest.raises(RefusedError, match="Voting is over"):
            act()
    with pytest.raises(DatabaseError, match="can no longer change"), transaction.atomic():
        PollingPlace.objects.filter(pk=place.pk).update(name="Hall")
    assert [each.address for each in cycle.polling_places.all()] == [
        "Short Street 2", "Market Square 1",
    ]  # fmt: skip


def test_paper_is_offered_once_and_only_where_votes_are_taken():
    cycle, _people, _place, _numbers = paper_cycle(1)
    with pytest.raises(RefusedError, match="already"):
        offer_paper(cycle, sample_size=1, by=administrator())
    plain, _ = running_cycle()
    with pytest.raises(RefusedError, match="not voted on on paper"):
        add_place(plain, name="Town hall", address="Market Square 1", by=administrator())
    with pytest.raises(RefusedError, match="at least one"):
        offer_paper(plain, sample_size=0, by=administrator())


# --- totals


def test_a_place_whose_sums_do_not_meet_says_why():
    cycle, _people, place, _numbers = paper_cycle(1, sheets=6)
    officer = holder(Role.POLL_OFFICER)
    with pytest.raises(RefusedError, match="once voting is over"):
        account_for(place, cast=6, spoiled=0, returned=0, by=officer)
    end_voting(cycle)
    for cast_, words in (
        (4, "1 of the sheets that were printed are missing"),
        (6, "1 sheets more"),
    ):
        with pytest.raises(RefusedError, match=words):
            account_for(place, cast=cast_, spoiled=0, returned=1, by=officer)
    with pytest.raises(DatabaseError, match="somebody says why"), transaction.atomic():
        place.totals.create(version=1, cast=4, spoiled=0, returned=1, made_by=officer)
    with pytest.raises(PermissionDenied):
        account_for(place, cast=6, spoiled=0, returned=0, by=holder(Role.CLERK))
    account_for(place, cast=4, spoiled=0, returned=1, reason="One blew away", by=officer)
    with pytest.raises(RefusedError, match="5 sheets in the box, and 0 people were checked in"):
        account_for(place, cast=5, spoiled=0, returned=1, by=officer)
    with (
        pytest.raises(DatabaseError, match="than people were given one"),
        transaction.atomic(),
    ):
        place.totals.create(version=2, cast=5, spoiled=0, returned=1, made_by=officer)
    why = "The list of people got wet"
    account_for(place, cast=5, spoiled=0, returned=1, reason=why, by=officer)
    assert list(place.totals.values_list("version", "cast")) == [(1, 4), (2, 5)]


# --- people by channel and place


def test_people_are_told_by_channel_and_place_only_once_voting_closed_and_never_a_few():
    cycle, people, place, _numbers = paper_cycle(3)
    cast_positions(cycle, people[1], [0])
    voted_on_paper(cycle, people[:1], place)
    assert people_by_channel(cycle) is None
    assert people_by_place(cycle) == []
    cycle = closed(cycle)
    assert people_by_channel(cycle) == [1, 0, 0, 1]
    assert people_by_place(cycle) == []


def test_no_kiosk_is_unlocked_for_whoever_was_given_paper():
    number = "4711"
    cycle, place = paper_by_number(NeighborhoodFactory(), number)
    kiosk, _key = register_kiosk(cycle, name="Library", by=holder(Role.POLL_OFFICER))
    check_in(
        find_voter(cycle, number, by=holder(Role.POLL_OFFICER)).entry,
        place,
        by=holder(Role.POLL_OFFICER),
    )
    with pytest.raises(RefusedError, match="paper ballot"):
        unlock_ballot(kiosk, number=number, by=holder(Role.POLL_OFFICER))
    assert not kiosk.unlocks.exists()
