"""Printed sheets, read back from the PDF: numbers, options, rules, and the QR code."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import segno
import zxingcpp
from pypdf import PdfReader

from budgeting.domain.paper import shown_number
from budgeting.enums import BallotKind
from budgeting.services.sheets import sheets_pdf
from tests.factories.paper import paper_cycle, print_more

pytestmark = pytest.mark.django_db

POINTS = {"max_sum_points": 7, "max_points": 7}


def printed(cycle, place, number=1):
    batch, numbers = print_more(cycle, place, number)
    return PdfReader(io.BytesIO(sheets_pdf(batch, numbers))), numbers


def squares(page):
    """The filled squares of a page, as (left, top) in whole modules, and how many there are."""
    content = page.get_contents().get_data().decode("latin-1")
    found = re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) (-?[\d.]+) re f\n", content)
    return [(float(x), float(y), abs(float(width))) for x, y, width, _height in found]


def modules(page):
    """What is drawn of the QR code, as rows of zeros and ones."""
    drawn = squares(page)
    step = min(width for *_, width in drawn)
    left, top = min(x for x, _, _ in drawn), max(y for _, y, _ in drawn)
    cells = {(round((top - y) / step), round((x - left) / step)) for x, y, _ in drawn}
    size = 1 + max(max(cell) for cell in cells)
    return [[int((row, column) in cells) for column in range(size)] for row in range(size)]


def scanned(rows):
    """What a scanner reads: black on white, eight pixels a module, a quiet margin of four."""
    dark = np.kron(np.pad(np.array(rows, dtype=np.uint8), 4), np.ones((8, 8), dtype=np.uint8))
    [read] = zxingcpp.read_barcodes((255 * (1 - dark)).astype(np.uint8))
    return read.text


@pytest.mark.parametrize(
    ("kind", "rule", "limits", "words"),
    [
        (BallotKind.APPROVAL, "greedy", {}, "Put a cross"),
        (BallotKind.CHOOSE_ONE, "greedy", {}, "the box of the project"),
        (BallotKind.KNAPSACK, "greedy", {}, "together cost no more"),
        (
            BallotKind.CUMULATIVE,
            "greedy_points",
            {"max_sum_points": 7, "max_points": 7},
            "7 points to share out",
        ),
        (BallotKind.SCORING, "greedy_points", {"max_points": 5}, "from 0 to 5"),
        (BallotKind.RANKING, "greedy_borda", {"max_options": 2}, "Write 1 into the box"),
    ],
)
def test_a_sheet_shows_its_number_its_options_and_the_rule(kind, rule, limits, words):
    cycle, _people, place, _ = paper_cycle(1, sheets=1, kind=kind, rule=rule, **limits)
    reader, numbers = printed(cycle, place, 2)
    assert len(reader.pages) == 2
    for page, number in zip(reader.pages, numbers, strict=True):
        text = " ".join(page.extract_text().split())
        assert shown_number(number) in text
        for option in cycle.pots.get().options.all():
            assert f"{option.position + 1}. {option.name}" in text
        assert words in text
        assert "How it is counted:" in text
        assert "nobody notes which sheet you have" in text


def test_the_code_on_a_sheet_is_its_number_and_nothing_else():
    cycle, _people, place, _ = paper_cycle(1, sheets=1)
    reader, numbers = printed(cycle, place, 3)
    for page, number in zip(reader.pages, numbers, strict=True):
        rows = modules(page)
        assert rows == [list(row) for row in segno.make(number, error="m").matrix]
        assert scanned(rows) == number


def test_a_long_ballot_goes_on_and_every_page_tells_the_sheet():
    cycle, _people, place, _ = paper_cycle(1, sheets=1, costs_minor=[100_000] * 40)
    reader, [number] = printed(cycle, place, 1)
    assert len(reader.pages) == 2
    for place_, page in enumerate(reader.pages, start=1):
        assert f"{shown_number(number)} · {place_}" in page.extract_text()
        assert scanned(modules(page)) == number
    text = " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
    names = [f"{o.position + 1}. {o.name}" for o in cycle.pots.get().options.all()]
    assert all(name in text for name in names)
    assert text.rstrip().endswith("into the box.")
