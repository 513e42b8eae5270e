"""What lay in a box, what was keyed of it, and who came: nothing differs without a word."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from budgeting.models import KeyingEnd
from budgeting.selectors import paper_sums
from budgeting.services.box_counts import UnexplainedError
from budgeting.services.errors import RefusedError
from budgeting.services.keying import end_keying
from budgeting.services.paper import account_for
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.factories.budgeting import administrator, cast_positions
from tests.factories.paper import closed, holder, keyed_by_two, paper_cycle, voted_on_paper

pytestmark = pytest.mark.django_db

RADIATOR = "One fell behind the radiator."


def a_box(*, people, keyed, sheets=8):
    """A closed cycle: so many were given a sheet at its place, and so many sheets are keyed."""
    running, voters, place, numbers = paper_cycle(people, sheets=sheets)
    voted_on_paper(running, voters, place)
    cycle = closed(running)
    keyed_by_two(cycle, {number: [0] for number in numbers[:keyed]})
    return cycle, place


def told(place, cast, returned, *, reason="", by=None):
    by = by or holder(Role.POLL_OFFICER)
    return account_for(place, cast=cast, spoiled=0, returned=returned, reason=reason, by=by)


def ends(cycle, place, keyed, said, *, by=None):
    """The end of keying, written past the services."""
    with transaction.atomic():
        return KeyingEnd.objects.create(
            cycle=cycle, sheets=keyed, decided=0, void=0, by_place={str(place.pk): keyed},
            explained={str(place.pk): said} if said else {}, made_by=by or administrator(),
        )  # fmt: skip


def test_a_reason_for_a_missing_sheet_explains_none_that_nobody_keyed():
    cycle, place = a_box(people=5, keyed=3)
    told(place, 5, 2, reason=RADIATOR)
    with pytest.raises(UnexplainedError, match="5 sheets in the box, 3 keyed") as refused:
        end_keying(cycle, by=administrator())
    [missing] = refused.value.differences
    assert missing.key == f"{place.pk}-5-3"
    # A reason for other numbers is none for these.
    for key in (f"{place.pk}-5-4", f"{place.pk}-6-3"):
        with pytest.raises(UnexplainedError):
            end_keying(cycle, {key: "Two are torn."}, by=administrator())
    assert not KeyingEnd.objects.exists()
    end = end_keying(cycle, {missing.key: "Two are torn."}, by=administrator())
    said = {"cast": 5, "keyed": 3, "people": 5, "reason": "Two are torn."}
    assert end.explained == {str(place.pk): said}
    [sums] = paper_sums(cycle).places
    assert (sums.unkeyed, sums.surplus, sums.reason_at_end) == (2, 0, "Two are torn.")


def test_the_database_ends_no_keying_with_paper_that_nobody_keyed_and_no_word():
    cycle, place = a_box(people=5, keyed=3)
    told(place, 5, 2, reason=RADIATOR)
    said = {"cast": 5, "keyed": 3, "people": 5, "reason": "Two are torn."}
    for wrong in ({}, said | {"keyed": 4}, said | {"cast": 6}, said | {"reason": " "}):
        with pytest.raises(DatabaseError, match="somebody says why"):
            ends(cycle, place, 3, wrong)
    assert ends(cycle, place, 3, said).sheets == 3


def test_a_box_that_was_not_keyed_is_explained_by_two():
    """Whoever says how many lay in it does not say alone why fewer were keyed."""
    cycle, place = a_box(people=5, keyed=3)
    first = administrator()
    told(place, 5, 3, by=first)
    key = f"{place.pk}-5-3"
    with pytest.raises(RefusedError, match="another administrator has to end the keying"):
        end_keying(cycle, {key: "x"}, by=first)
    with pytest.raises(UnexplainedError, match="5 sheets in the box, 3 keyed"):
        end_keying(cycle, by=administrator())
    assert not KeyingEnd.objects.exists()
    assert end_keying(cycle, {key: "Two are torn."}, by=administrator()).sheets == 3


def test_the_database_takes_a_box_that_was_not_keyed_from_two_only():
    cycle, place = a_box(people=5, keyed=3)
    first = administrator()
    told(place, 5, 3, by=first)
    said = {"cast": 5, "keyed": 3, "people": 5, "reason": "Two are torn."}
    with pytest.raises(DatabaseError, match="by two people"):
        ends(cycle, place, 3, said, by=first)
    assert not KeyingEnd.objects.exists()
    assert ends(cycle, place, 3, said).sheets == 3


def test_a_box_that_is_keyed_and_of_people_who_came_needs_no_word():
    cycle, place = a_box(people=3, keyed=3)
    told(place, 3, 5)
    assert end_keying(cycle, by=administrator()).explained == {}
    [sums] = paper_sums(cycle).places
    assert (sums.unkeyed, sums.surplus) == (0, 0)


def test_more_sheets_than_people_are_explained_by_two():
    cycle, place = a_box(people=3, keyed=5)
    first, second = administrator(), administrator()
    with pytest.raises(RefusedError, match="5 sheets in the box, and 3 people were checked in"):
        told(place, 5, 3, by=first)
    told(place, 5, 3, reason="Two were let in unchecked.", by=first)
    key = f"{place.pk}-5-5"
    with pytest.raises(RefusedError, match="another administrator has to end the keying"):
        end_keying(cycle, {key: "As the officer says."}, by=first)
    with pytest.raises(UnexplainedError, match="5 keyed, 3 people checked in"):
        end_keying(cycle, by=second)
    end = end_keying(cycle, {key: "Asked the officer: two were let in."}, by=second)
    assert end.explained[str(place.pk)]["people"] == 3
    assert paper_sums(cycle).places[0].surplus == 2


def test_the_database_takes_more_sheets_than_people_from_two_only():
    cycle, place = a_box(people=3, keyed=5)
    first = administrator()
    told(place, 5, 3, reason="Two were let in unchecked.", by=first)
    said = {"cast": 5, "keyed": 5, "people": 3, "reason": "They were let in."}
    with pytest.raises(DatabaseError, match="by two people"):
        ends(cycle, place, 5, said, by=first)
    for wrong in ({}, said | {"people": 5}):
        with pytest.raises(DatabaseError, match="somebody says why"):
            ends(cycle, place, 5, wrong)
    assert ends(cycle, place, 5, said).sheets == 5


def test_sheets_keyed_beyond_box_and_people_are_explained_by_another_person():
    cycle, place = a_box(people=3, keyed=5)
    first = administrator()
    told(place, 3, 5, by=first)
    said = {f"{place.pk}-3-5": "They lay under the box."}
    with pytest.raises(RefusedError, match="another administrator"):
        end_keying(cycle, said, by=first)
    assert end_keying(cycle, said, by=administrator()).sheets == 5


# --- more people than sheets


CARRIED = "They carried their sheets away."


def absent_voters_checked_in():
    """Four who had voted online are checked in by one officer at a place whose box stays empty."""
    running, voters, place, _numbers = paper_cycle(5, sheets=8)
    for voter in voters:
        cast_positions(running, voter, [0])
    officer = voted_on_paper(running, voters[:4], place)
    cycle = closed(running)
    assert (cycle.board.kept, cycle.board.replaced_by_paper) == (1, 4)
    return cycle, place, officer


def test_people_checked_in_of_whom_no_sheet_came_are_explained_by_two():
    cycle, place, officer = absent_voters_checked_in()
    grant_role(officer, Role.BUDGET_ADMINISTRATOR, by=None)
    with pytest.raises(RefusedError, match="0 sheets in the box, and 4 people were checked in"):
        told(place, 0, 8, by=officer)
    assert not place.totals.exists()
    told(place, 0, 8, reason=CARRIED, by=officer)
    key = f"{place.pk}-0-0"
    with pytest.raises(RefusedError, match="another administrator has to end the keying"):
        end_keying(cycle, {key: CARRIED}, by=officer)
    second = administrator()
    with pytest.raises(UnexplainedError, match="0 sheets in the box, 0 keyed, 4 people checked in"):
        end_keying(cycle, by=second)
    assert not KeyingEnd.objects.exists()
    end = end_keying(cycle, {key: "Nobody saw them."}, by=second)
    said = {"cast": 0, "keyed": 0, "people": 4, "reason": "Nobody saw them."}
    assert end.explained == {str(place.pk): said}
    [sums] = paper_sums(cycle).places
    assert (sums.lacking, sums.surplus, sums.unkeyed) == (4, 0, 0)


def test_the_database_takes_more_people_than_sheets_from_two_only():
    cycle, place, officer = absent_voters_checked_in()
    with pytest.raises(DatabaseError, match="than people were given one"), transaction.atomic():
        place.totals.create(version=1, cast=0, spoiled=0, returned=8, made_by=officer)
    said = {"cast": 0, "keyed": 0, "people": 4, "reason": "x"}
    with pytest.raises(DatabaseError, match="every place is accounted for"):
        ends(cycle, place, 0, said)
    told(place, 0, 8, reason=CARRIED, by=officer)
    for wrong in ({}, said | {"people": 0}, said | {"reason": " "}):
        with pytest.raises(DatabaseError, match="somebody says why"):
            ends(cycle, place, 0, wrong)
    with pytest.raises(DatabaseError, match="by two people"):
        ends(cycle, place, 0, said, by=officer)
    assert not KeyingEnd.objects.exists()
    assert ends(cycle, place, 0, said).sheets == 0


def test_everybody_reads_that_more_people_came_than_sheets(client):
    cycle, place, officer = absent_voters_checked_in()
    page = reverse("paper", args=[cycle.slug])
    assert b"people more than sheets" not in client.get(page).content
    told(place, 0, 8, reason=CARRIED, by=officer)
    end_keying(cycle, {f"{place.pk}-0-0": "Nobody saw them."}, by=administrator())
    shown = client.get(page).content.decode()
    for words in (CARRIED, "Nobody saw them.", "4 people more than sheets"):
        assert words in shown
