"""A roll of ten thousand lines with three hundred planted defects: every one is found."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from budgeting.domain.roll import (
    Defect,
    Eligible,
    Line,
    RollFileError,
    Wrong,
    age_on,
    plain_number,
    read_roll,
)

HEAD = "number,birth_date,neighborhood,group,deceased,name,street,postal_code,locality"
ELIGIBLE = Eligible(
    places={"north end": 1, "north-end": 1, "harbour": 2},
    minimum_age=16,
    age_on=date(2027, 3, 1),
    groups=frozenset({"resident"}),
)


def row(n, **cells):
    given = {
        "number": f"{n:06d}",
        "birth_date": f"{1930 + n % 75}-{1 + n % 12:02d}-{1 + n % 28:02d}",
        "neighborhood": ("North End", "harbour", "north-end")[n % 3],
        "group": ("resident", "")[n % 2],
        "deceased": "",
        "name": f"Ada Person {n}",
        "street": f"{n} Long Street",
        "postal_code": "12345",
        "locality": "Anytown",
    } | cells
    return ",".join(given.values()).encode() + b"\n"


def read(*rows, head=HEAD, eligible=ELIGIBLE):
    return list(read_roll([head.encode() + b"\n", *rows], eligible))


# What is planted at a line, given the number of an earlier, sound one.
PLANTED = {
    Wrong.COLUMNS: lambda n, _: row(n).replace(b",", b"", 1),
    Wrong.QUOTES: lambda n, _: row(n, locality='"Anytown'),
    Wrong.NOT_TEXT: lambda n, _: row(n).replace(b"Person", b"\xffPerson"),
    Wrong.NO_NUMBER: lambda n, _: row(n, number=" "),
    Wrong.BAD_NUMBER: lambda n, _: row(n, number="--"),
    Wrong.NUMBER_TWICE: lambda n, earlier: row(n, number=f"000-{earlier:03d}"),
    Wrong.PERSON_TWICE: lambda n, earlier: row(earlier, number=f"x{n}"),
    Wrong.BAD_BIRTH_DATE: lambda n, _: row(n, birth_date="31.12.1990"),
    Wrong.BORN_LATER: lambda n, _: row(n, birth_date="2027-03-02"),
    Wrong.TOO_OLD: lambda n, _: row(n, birth_date="1890-01-01"),
    Wrong.UNDER_AGE: lambda n, _: row(n, birth_date="2011-03-02"),
    Wrong.DECEASED: lambda n, _: row(n, deceased="2026-10-01"),
    Wrong.OUTSIDE: lambda n, _: row(n, neighborhood="Elsewhere"),
    Wrong.OTHER_GROUP: lambda n, _: row(n, group="tourist"),
}


def test_of_ten_thousand_lines_the_three_hundred_with_something_wrong_are_found():
    random = Random(7)  # noqa: S311
    lines = 10_000
    places = sorted(random.sample(range(1_000, lines), 300))
    kinds = [list(PLANTED)[place % len(PLANTED)] for place in range(300)]
    planted = dict(zip(places, kinds, strict=True))
    rows = [PLANTED[planted[n]](n, n % 1_000) if n in planted else row(n) for n in range(lines)]
    found = read(*rows)
    defects = {each.line - 2: each.wrong for each in found if isinstance(each, Defect)}
    assert defects == planted
    assert len(found) == lines
    assert set(planted.values()) == set(Wrong)
    earlier = next(each for each in found if each.line - 2 in planted and each.earlier)
    assert earlier.earlier == (earlier.line - 2) % 1_000 + 2


def test_a_sound_line_is_read_whole():
    [line] = read(row(7))
    assert line == Line(
        2, "000007", date(1937, 8, 8), 2, ("Ada Person 7", "7 Long Street", "12345", "Anytown")
    )


def test_columns_may_come_in_any_order_with_semicolons_and_a_mark_in_front():
    [line] = read(b"Harbour;77;2000-01-02\r\n", head="\ufeffNeighborhood; NUMBER ;birth_date")
    assert (line.number, line.place, line.born) == ("77", 2, date(2000, 1, 2))


@pytest.mark.parametrize(
    ("head", "code", "columns"),
    [
        ("number,birth_date", "missing", ("neighborhood",)),
        ("", "missing", ("number", "birth_date", "neighborhood")),
        ("number,birth_date,neighborhood,shoe", "unknown", ("shoe",)),
        ("number,birth_date,neighborhood,number", "unknown", ()),
    ],
)
def test_a_file_without_its_columns_is_refused_as_a_whole(head, code, columns):
    with pytest.raises(RollFileError) as refused:
        read(row(1), head=head)
    assert refused.value.code == code
    assert refused.value.columns == columns or not columns


def test_empty_lines_are_no_defects_and_lines_are_numbered_as_an_editor_does():
    found = read(row(1), b"\n", b",,,,,,,,\n", row(2, birth_date="x"))
    assert [each.line for each in found] == [2, 5]


def test_a_stray_quotation_mark_costs_its_own_line_and_no_other_voter():
    rows = [row(1, locality='"Dublin'), *map(row, range(2, 1_200))]
    found = read(*rows)
    assert found[0] == Defect(2, Wrong.QUOTES)
    assert [each.line for each in found[1:] if isinstance(each, Line)] == list(range(3, 1_201))
    twice = read(row(1, name='"Ada'), row(2), row(3, street='Long" Street'))
    assert [type(each) for each in twice] == [Defect, Line, Defect]


def test_a_cell_over_two_lines_is_a_defect_on_both():
    [one, other] = row(1, street='"1 Long Street\nUpstairs"').splitlines(keepends=True)
    found = read(one, other, row(2))
    assert [(each.line, getattr(each, "wrong", "")) for each in found] == [
        (2, Wrong.QUOTES), (3, Wrong.QUOTES), (4, ""),
    ]  # fmt: skip
    [whole] = read(one + other)
    assert whole == Defect(2, Wrong.QUOTES)


def test_quotation_marks_in_pairs_are_read_as_what_they_hold():
    [line] = read(row(1, name='"Person, Ada ""Nan"""'))
    assert line.address[0] == 'Person, Ada "Nan"'


def test_ages_are_those_of_the_day_and_who_is_born_on_a_leap_day_is_older_in_march():
    assert age_on(date(2008, 2, 29), date(2024, 2, 28)) == 15
    assert age_on(date(2008, 2, 29), date(2024, 2, 29)) == 16
    assert age_on(date(2008, 2, 29), date(2025, 2, 28)) == 16
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18
    assert isinstance(read(row(1, birth_date="2011-03-01"))[0], Line)


def test_one_number_in_several_writings_is_one():
    assert (
        len({plain_number(text) for text in ("AB-12 3", "ab123", "\uff21\uff22\uff11\uff12\uff13")})
        == 1
    )
