"""Keying sheets: two clerks who agree, nothing to read, and the count after it."""

from __future__ import annotations

from random import Random

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from budgeting.access import pots_at
from budgeting.domain.paper import new_number
from budgeting.enums import CYCLE_MOVES, BallotKind, CycleState, SampleRole
from budgeting.models import Keying, KeyingEnd, OpenedBallot, PaperCount, SampledSheet
from budgeting.selectors import compared_sheets, paper_sums
from budgeting.services import key_files
from budgeting.services.ballots import Choice
from budgeting.services.cycles import cancel_cycle, request_cancelling
from budgeting.services.errors import BallotRefusedError, RefusedError
from budgeting.services.key_files import SlotKeyMissingError
from budgeting.services.keying import (
    Standing,
    end_keying,
    find_sheet,
    key_sheet,
    keyed_sheets,
    reading_of,
    sheet_to_key,
)
from budgeting.services.samples import compare_sheet, sheet_to_compare
from budgeting.services.trustees import approve_unsealing, request_unsealing
from budgeting.tasks import close_due_cycles
from civicfund.audit.services import advance
from civicfund.people.enums import Role
from civicfund.town.selectors import alarms
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    codes,
    open_by_trustees,
)
from tests.factories.paper import (
    accounted,
    all_keyed,
    closed,
    compared,
    ended,
    holder,
    keyed,
    keyed_by_two,
    paper_cycle,
    reading,
)
from tests.sizes import size

pytestmark = pytest.mark.django_db


def to_key(**cycle):
    """A closed cycle with sheets in the box."""
    running, _people, place, numbers = paper_cycle(1, **cycle)
    return closed(running), place, numbers


def left_over(cycle):
    """What the database holds of keyed sheets."""
    return Keying.objects.filter(cycle=cycle).count()


# --- two clerks who agree


def test_two_who_agree_are_enough_and_a_third_agrees_with_one_where_they_differ():
    cycle, _place, [alike, unlike, *_] = to_key()
    one, two, three = (holder(Role.CLERK) for _ in range(3))
    assert keyed(cycle, alike, [0, 1], by=one) == Standing.ONCE
    assert keyed(cycle, alike, [1, 0], by=two) == Standing.DONE
    with pytest.raises(RefusedError, match="is done"):
        keyed(cycle, alike, [0, 1], by=three)
    assert keyed(cycle, unlike, [0], by=one) == Standing.ONCE
    with pytest.raises(RefusedError, match="another clerk's turn"):
        keyed(cycle, unlike, [0], by=one)
    assert keyed(cycle, unlike, [2], by=two) == Standing.DIFFER
    for clerk in (one, two):
        with pytest.raises(RefusedError, match="another clerk's turn"):
            sheet_to_key(cycle, unlike, by=clerk)
    assert keyed(cycle, unlike, [2], by=three) == Standing.DONE
    with pytest.raises(RefusedError, match="is done"):
        keyed(cycle, unlike, [2], by=holder(Role.CLERK))
    assert left_over(cycle) == 5
    mine = {each.sheet.number: each.mine for each in keyed_sheets(cycle, by=three)}
    assert mine == {alike: False, unlike: True}


def three_differ(cycle, number):
    """A sheet of which three clerks read three things; the clerks."""
    clerks = [holder(Role.CLERK) for _ in range(3)]
    for at, clerk in enumerate(clerks):
        told = keyed(cycle, number, [at], by=clerk)
    assert told == Standing.STILL_DIFFER
    return clerks


def test_a_third_who_agrees_with_neither_decides_nothing():
    cycle, place, [number, *_] = to_key(sample_size=1)
    clerks = three_differ(cycle, number)
    accounted(place, 1)
    with pytest.raises(RefusedError, match="No two clerks agree on these"):
        end_keying(cycle, by=administrator())
    for clerk in clerks:
        with pytest.raises(RefusedError, match="another clerk's turn"):
            keyed(cycle, number, [1], by=clerk)
    assert (left_over(cycle), KeyingEnd.objects.exists()) == (3, False)
    assert keyed(cycle, number, [1, 2], by=holder(Role.CLERK)) == Standing.STILL_DIFFER
    assert keyed(cycle, number, [1], by=holder(Role.CLERK)) == Standing.DONE
    with pytest.raises(RefusedError, match="is done"):
        keyed(cycle, number, [0], by=holder(Role.CLERK))
    end = ended(cycle)
    assert (end.sheets, end.decided, end.beyond_three) == (1, 1, 1)
    compared(cycle, {number: [1]})
    assert paper_sums(cycle).sample.errors == 0
    open_by_trustees(cycle)
    assert list(OpenedBallot.objects.values_list("options", flat=True)) == [[1]]


def test_the_database_ends_no_keying_where_no_two_clerks_agree():
    cycle, place, [number, *_] = to_key()
    three_differ(cycle, number)
    accounted(place, 1)
    said = {"cast": 1, "keyed": 1, "people": 0, "reason": "It is tried."}
    by = administrator()

    def end(**sums):
        with transaction.atomic():
            return KeyingEnd.objects.create(
                cycle=cycle, sheets=1, void=0, by_place={str(place.pk): 1},
                explained={str(place.pk): said}, made_by=by, **sums,
            )  # fmt: skip

    with pytest.raises(DatabaseError, match="two clerks agree on each sheet"):
        end(decided=1)
    keyed(cycle, number, [2], by=holder(Role.CLERK))
    for wrong in ({"decided": 1}, {"decided": 0}, {"decided": 1, "beyond_three": 2}):
        with pytest.raises(DatabaseError, match="sums"):
            end(**wrong)
    row = Keying.objects.filter(cycle=cycle, turn=4).get()
    again = {f.attname: getattr(row, f.attname) for f in Keying._meta.fields if f.name != "id"}
    with pytest.raises(DatabaseError, match="while no two agree"), transaction.atomic():
        Keying.objects.create(**again | {"turn": 5, "clerk_id": holder(Role.CLERK).pk})
    assert end(decided=1, beyond_three=1).sheets == 1


def test_the_database_takes_no_second_keying_by_one_clerk_and_no_needless_third():
    cycle, _place, [number, *_] = to_key()
    one, two = keyed_by_two(cycle, {number: [0]})
    row = Keying.objects.filter(cycle=cycle, clerk=one).get()
    again = {f.attname: getattr(row, f.attname) for f in Keying._meta.fields if f.name != "id"}

    def put(**other):
        with transaction.atomic():
            Keying.objects.create(**again | other)

    with pytest.raises(DatabaseError, match="by others while no two agree"):
        put(turn=3, clerk_id=holder(Role.CLERK).pk)
    fresh = "ab" * 32
    put(slot=fresh, turn=1)
    with pytest.raises(DatabaseError, match="slot_clerk_id"):
        put(slot=fresh, turn=2)
    with pytest.raises(DatabaseError, match="keyed by two clerks"):
        put(slot=fresh, turn=3, clerk_id=two.pk)
    with pytest.raises(DatabaseError, match="equally long"):
        put(slot=fresh, turn=2, clerk_id=two.pk, ciphertext=b"short")
    for wrong in ({"void": "blank"}, {"ciphertext": None}, {"void": "mood", "ciphertext": None}):
        with pytest.raises(DatabaseError, match="keying_void"):
            put(slot=fresh, turn=2, clerk_id=two.pk, **wrong)
    assert left_over(cycle) == 3


def test_sheets_are_keyed_only_by_clerks_after_the_close_and_by_a_known_number():
    running, _people, _place, [number, *_] = paper_cycle(1)
    clerk = holder(Role.CLERK)
    with pytest.raises(RefusedError, match="once voting is closed"):
        keyed(running, number, [0], by=clerk)
    cycle = closed(running)
    for somebody in (administrator(), holder(Role.OBSERVER), holder(Role.POLL_OFFICER)):
        with pytest.raises(PermissionDenied):
            keyed(cycle, number, [0], by=somebody)
        with pytest.raises(PermissionDenied):
            sheet_to_key(cycle, number, by=somebody)
    wrong = number[:-1] + ("2" if number[-1] != "2" else "3")
    with pytest.raises(RefusedError, match="a letter is missing or wrong"):
        sheet_to_key(cycle, wrong, by=clerk)
    with pytest.raises(RefusedError, match="No sheet of this vote"):
        sheet_to_key(cycle, new_number(), by=clerk)
    assert sheet_to_key(cycle, f"{number[:4].lower()}-{number[4:]}", by=clerk).number == number
    assert left_over(cycle) == 0


def test_without_its_key_nothing_is_keyed():
    cycle, _place, [number, *_] = to_key()
    assert not any("paper ballots" in name for name, number in alarms().items() if number)
    key_files.destroy_key(cycle.paper.key_hash)
    assert [name for name, number in alarms().items() if number and "paper ballots" in name]
    with pytest.raises(SlotKeyMissingError), transaction.atomic():
        keyed(cycle, number, [0], by=holder(Role.CLERK))
    assert left_over(cycle) == 0


def test_the_database_shows_neither_choices_nor_sheets_nor_that_two_sheets_are_alike():
    cycle, _place, [one, two, *_] = to_key()
    keyed_by_two(cycle, {one: [0], two: [0]})
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(k::text, '') FROM budgeting_keying k")
        [kept] = cursor.fetchone()
    assert "options" not in kept
    assert one not in kept
    digests = Keying.objects.values_list("slot", "digest").distinct()
    assert len({digest for _slot, digest in digests}) == 2
    assert len(set(Keying.objects.values_list("ciphertext", flat=True))) == 4


# --- what is on a sheet


def test_what_breaks_the_rules_is_refused_in_words_and_nothing_is_dropped():
    cycle, _place, [number, *_] = to_key(max_options=1)
    sheet = find_sheet(cycle, number)
    pot = cycle.pots.get()
    two = {pot.pk: Choice(codes(pot)[:2])}
    with pytest.raises(BallotRefusedError) as refusal:
        reading_of(cycle, sheet, two)
    assert refusal.value.by_pot == {pot.pk: "You chose 2; this pot allows 1 project."}
    with pytest.raises(BallotRefusedError, match="Nothing is filled in"):
        reading_of(cycle, sheet, {})
    one = {pot.pk: Choice(codes(pot)[:1])}
    for given in ({"void": "blank"}, {"voids": {pot.pk: "too_many"}}):
        with pytest.raises(BallotRefusedError):
            reading_of(cycle, sheet, one, **given)
    for given in ({"void": "mood"}, {"voids": {pot.pk: "mood"}}, {"voids": {0: "blank"}}):
        with pytest.raises(BallotRefusedError):
            reading_of(cycle, sheet, {}, **given)
    assert reading_of(cycle, sheet, {}, voids={pot.pk: "too_many"}).void == "too_many"
    assert reading_of(cycle, sheet, {}, void="blank").choices == {}


@pytest.mark.parametrize(
    ("kind", "rule", "limits", "points"),
    [
        (BallotKind.CHOOSE_ONE, "greedy", {}, None),
        (BallotKind.KNAPSACK, "greedy", {}, None),
        (BallotKind.CUMULATIVE, "greedy_points", {"max_sum_points": 5, "max_points": 5}, [3]),
        (BallotKind.SCORING, "greedy_points", {"max_points": 5}, [4]),
        (BallotKind.RANKING, "greedy_borda", {"max_options": 3}, None),
    ],
)
def test_every_kind_of_ballot_is_keyed_and_counted(kind, rule, limits, points):
    cycle, place, [number, *_] = to_key(kind=kind, rule=rule, sample_size=1, **limits)
    sheet = find_sheet(cycle, number)
    [pot] = pots_at(cycle.pk, sheet.batch.area)
    said = reading_of(cycle, sheet, {pot.pk: Choice(codes(pot)[1:2], points)})
    for clerk in (holder(Role.CLERK), holder(Role.CLERK)):
        key_sheet(cycle, sheet, said, by=clerk)
    accounted(place, 1)
    ended(cycle)
    for role, by in (
        (SampleRole.OBSERVER, holder(Role.OBSERVER)),
        (SampleRole.CLERK, holder(Role.CLERK)),
    ):
        compare_sheet(
            cycle, sheet_to_compare(cycle, number, role=role, by=by), said, role=role, by=by
        )
    open_by_trustees(cycle)
    assert list(OpenedBallot.objects.values_list("options", "points")) == [([1], points)]


# --- the end of keying, the sample, the opening


def test_keying_ends_and_ballots_are_opened_only_when_all_of_it_is_done():
    cycle, place, [one, two, *_] = to_key(sample_size=1)
    clerks = keyed_by_two(cycle, {one: [0]})
    keyed(cycle, two, [1], by=clerks[0])

    def still(words):
        with pytest.raises(RefusedError, match=words):
            end_keying(cycle, by=administrator())
        with pytest.raises(RefusedError, match="still being keyed"):
            open_by_trustees(cycle)
        assert not KeyingEnd.objects.exists()

    still("wait for a second clerk")
    assert keyed(cycle, two, [2], by=clerks[1]) == Standing.DIFFER
    still("a third has to key them")
    keyed(cycle, two, [2], by=holder(Role.CLERK))
    still("has not been accounted for")
    accounted(place, 3)
    still("3 sheets in the box, 2 keyed, 0 people checked in")
    accounted(place, 2)
    with pytest.raises(PermissionDenied):
        end_keying(cycle, by=clerks[0])
    end = ended(cycle)
    assert (end.sheets, end.decided, end.void, end.by_place) == (2, 1, 0, {str(place.pk): 2})
    with pytest.raises(RefusedError, match="Keying has ended"):
        keyed(cycle, two, [0], by=holder(Role.CLERK))
    with pytest.raises(RefusedError, match="the totals stand"):
        accounted(place, 2)
    with pytest.raises(RefusedError, match="1 paper ballot of the sample has not been compared"):
        open_by_trustees(cycle)
    compared(cycle, {one: [0], two: [2]})
    open_by_trustees(cycle)
    assert sorted(OpenedBallot.objects.values_list("options", flat=True)) == [[0], [2]]


def test_the_database_itself_refuses_an_end_of_keying_that_comes_too_early():
    cycle, place, [one, two, *_] = to_key(sample_size=2)
    clerks = keyed_by_two(cycle, {one: [0]})
    keyed(cycle, two, [1], by=clerks[0])
    by = administrator()

    def end(**sums):
        with transaction.atomic():
            KeyingEnd.objects.create(cycle=cycle, made_by=by, **sums)

    sums = {"sheets": 2, "decided": 0, "void": 0, "by_place": {str(place.pk): 2}}
    with pytest.raises(DatabaseError, match="two clerks agree on each sheet"):
        end(**sums)
    keyed(cycle, two, [1], by=clerks[1])
    with pytest.raises(DatabaseError, match="every place is accounted for"):
        end(**sums)
    accounted(place, 2)
    said = {"cast": 2, "keyed": 2, "people": 0, "reason": "It is tried."}
    sums["explained"] = {str(place.pk): said}
    for wrong in ({"sheets": 3}, {"decided": 1}, {"void": 1}, {"by_place": {"1": 1}}):
        with pytest.raises(DatabaseError, match="sums"):
            end(**sums | wrong)


def test_the_database_itself_refuses_an_opening_that_comes_too_early():
    cycle, place, [one, two, *_] = to_key(sample_size=2)
    keyed_by_two(cycle, {one: [0], two: [1]})
    accounted(place, 2)
    request_unsealing(cycle, by=administrator())
    approve_unsealing(cycle, by=administrator())

    def move():
        with transaction.atomic():
            advance(cycle, CycleState.UNSEALED, CYCLE_MOVES, actor=None)

    with pytest.raises(DatabaseError, match="once keying has ended"):
        move()
    ended(cycle)
    with pytest.raises(DatabaseError, match="once the sample is compared"):
        move()
    compared(cycle, {one: [0], two: [1]})
    with pytest.raises(DatabaseError, match="how many sheets are counted"):
        move()
    assert cycle.state == CycleState.CLOSED


def test_paper_and_web_are_counted_alike_and_nothing_tells_them_apart_afterwards():
    running, people, place, numbers = paper_cycle(3, sheets=6)
    for person, positions in zip(people, ([0], [1, 2], [0, 2]), strict=True):
        cast_positions(running, person, positions)
    cycle = closed(running)
    sheets = {numbers[0]: [1], numbers[1]: [0, 2], numbers[2]: []}
    all_keyed(cycle, place, sheets, spoiled=1)
    key_hash = cycle.paper.key_hash
    assert key_files.key_exists(key_hash)
    cycle = open_by_trustees(cycle)
    options = sorted(OpenedBallot.objects.values_list("options", flat=True))
    assert options == [[0], [0, 2], [0, 2], [1], [1, 2]]
    assert left_over(cycle) == 0
    assert not key_files.key_exists(key_hash)
    sums = paper_sums(cycle)
    assert (sums.end.sheets, sums.counted, sums.void, sums.end.voids) == (3, 2, 1, {"blank": 1})
    assert (cycle.board.kept, cycle.board.counted, cycle.void_ballots) == (3, 3, 1)
    [at_place] = sums.places
    assert (at_place.issued, at_place.keyed, at_place.missing) == (6, 3, 0)
    assert [field.name for field in OpenedBallot._meta.fields] == [
        "id", "cycle", "pot", "options", "points",
    ]  # fmt: skip


def test_a_cycle_that_is_called_off_forgets_what_was_keyed():
    cycle, _place, [number, *_] = to_key()
    keyed_by_two(cycle, {number: [0]})
    request_cancelling(cycle, reason="A flood", by=administrator())
    cancel_cycle(cycle, by=administrator())
    assert left_over(cycle) == 0
    close_due_cycles()
    assert not key_files.key_exists(cycle.paper.key_hash)


# --- the sample


def test_the_sample_finds_a_sheet_that_two_clerks_keyed_wrong_alike():
    cycle, place, numbers = to_key(sheets=4, sample_size=4)
    keyed_by_two(cycle, {number: [0] for number in numbers})
    accounted(place, 4)
    ended(cycle)
    assert SampledSheet.objects.count() == 4
    compared(cycle, {number: [0] for number in numbers} | {numbers[1]: [2]})
    sample = paper_sums(cycle).sample
    assert (sample.compared, sample.errors, sample.done) == (4, 1, True)
    assert sample.rate_percent == sample.bound_percent == 25.0


def test_two_who_read_a_sheet_differently_read_it_again_and_three_times_at_most():
    cycle, place, [number, *_] = to_key(sheets=2, sample_size=1)
    keyed_by_two(cycle, {number: [0]})
    accounted(place, 1)
    ended(cycle)
    observer, clerk = holder(Role.OBSERVER, Role.CLERK), holder(Role.CLERK)

    def read(role, by, positions):
        drawn = sheet_to_compare(cycle, number, role=role, by=by)
        return compare_sheet(cycle, drawn, reading(cycle, number, positions), role=role, by=by)

    assert read(SampleRole.OBSERVER, observer, [1]).agrees is False
    with pytest.raises(RefusedError, match="the other one's turn"):
        read(SampleRole.OBSERVER, observer, [0])
    with pytest.raises(RefusedError, match="in another role"):
        read(SampleRole.CLERK, observer, [0])
    assert read(SampleRole.CLERK, clerk, [0]).agrees is True
    [state] = compared_sheets(cycle)
    assert (state.settled, state.waits_for) == (False, (SampleRole.OBSERVER, SampleRole.CLERK))
    read(SampleRole.OBSERVER, observer, [0])
    read(SampleRole.CLERK, clerk, [0])
    [state] = compared_sheets(cycle)
    assert (state.settled, state.agrees, state.waits_for) == (True, True, ())
    with pytest.raises(RefusedError, match="is compared"):
        read(SampleRole.CLERK, clerk, [0])
    assert paper_sums(cycle).sample.errors == 0


def test_who_keyed_a_sheet_does_not_compare_it_and_only_drawn_sheets_are_compared():
    cycle, place, [one, two, *_] = to_key(sheets=2, sample_size=1)
    clerks = keyed_by_two(cycle, {one: [0], two: [0]})
    accounted(place, 2)
    ended(cycle)
    [drawn] = SampledSheet.objects.values_list("sheet__number", flat=True)
    other = two if drawn == one else one
    with pytest.raises(RefusedError, match="You keyed this sheet"):
        sheet_to_compare(cycle, drawn, role=SampleRole.CLERK, by=clerks[0])
    with pytest.raises(RefusedError, match="was not drawn"):
        sheet_to_compare(cycle, other, role=SampleRole.OBSERVER, by=holder(Role.OBSERVER))
    with pytest.raises(PermissionDenied):
        sheet_to_compare(cycle, drawn, role=SampleRole.OBSERVER, by=clerks[0])


# --- five hundred errors


PROJECTS = 10


def misread(right, chance):
    """What a tired clerk makes of a sheet: one project too many, one too few, or another one."""
    others = [option for option in range(PROJECTS) if option not in right]
    kind = chance.randrange(3)
    if kind == 0:
        return sorted([*right, chance.choice(others)])
    without = sorted(set(right) - {chance.choice(right)})
    return without if kind == 1 and without else sorted([*without, chance.choice(others)])


def test_seeded_errors_of_a_clerk_are_found():
    """One clerk errs on every sheet, the other on one in fifty, which is often; 99 % are found.

    Not found are those that both make alike: the fewer projects there are, the more of them.
    """
    errors = size(30, 500)
    chance = Random(5)  # noqa: S311 -- the same errors each time
    cycle, _place, numbers = to_key(sheets=errors, costs_minor=[100_000] * PROJECTS)
    tired, fresh = holder(Role.CLERK), holder(Role.CLERK)
    found = 0
    for number in numbers:
        right = sorted(chance.sample(range(PROJECTS), chance.randrange(1, 5)))
        wrong = misread(right, chance)
        assert wrong != right
        keyed(cycle, number, wrong, by=tired)
        second = misread(right, chance) if chance.random() < 0.02 else right
        found += keyed(cycle, number, second, by=fresh) == Standing.DIFFER
    assert len(numbers) == errors
    assert found >= 0.99 * errors


def test_control_two_clerks_who_err_alike_are_not_found():
    cycle, _place, numbers = to_key(sheets=3)
    clerks = keyed_by_two(cycle, {number: [1] for number in numbers})
    assert len(clerks) == 2
    assert {each.standing for each in keyed_sheets(cycle)} == {Standing.DONE}
    assert not PaperCount.objects.exists()
