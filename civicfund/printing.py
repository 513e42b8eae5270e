"""Draws what ``civicfund.papers`` is asked for.

In the site's own typeface, subset into the file, so that every name prints as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, cast

import segno
from django.conf import settings
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, TableBordersLayout

from civicfund.papers import BallotSheet, LetterPage, SheetLine, SheetPart, Table

Document = TypeVar("Document", bound=FPDF)

# Of one weight each: to draw them from the site's variable ones takes longer than all the rest.
FONTS = settings.BASE_DIR / "static" / "vendor" / "public-sans" / "print"
_WEIGHTS = {"": 400, "B": 700}
_FACE, _MORE = "sans", "sans-more"
_MARGIN_MM = 20
# Where the window of an envelope and the fold below it are: DIN 5008, form B.
_WINDOW_MM, _FOLD_MM = 50, 100
_BODY_PT, _TITLE_PT, _SMALL_PT = 10.5, 20, 9
# A ballot sheet's head, and the boxes to tick and to write a number in.
_TOP_MM, _QR_MM = 12, 22
_BOX_MM, _WRITTEN_MM = 5.5, 14.0
# What a heading, its task and a first line take: they stay together.
_PART_MM = 32


def letters(pages: Iterable[LetterPage]) -> bytes:
    """A PDF file of letters, a page each."""
    pdf = _document(settings.TOWN_NAME)
    for page in pages:
        pdf.add_page()
        _line(pdf, settings.TOWN_NAME, size=_BODY_PT, bold=True)
        pdf.set_y(_WINDOW_MM)
        for words in page.to:
            _line(pdf, words, size=_BODY_PT)
        pdf.set_y(_FOLD_MM)
        _line(pdf, page.title, size=_TITLE_PT, bold=True, height=12)
        pdf.ln(4)
        for words in page.body:
            _line(pdf, words, size=_BODY_PT)
            pdf.ln(2)
        pdf.ln(4)
        _line(pdf, page.code, size=_TITLE_PT, bold=True, height=12)
        pdf.ln(6)
        _line(pdf, page.foot, size=_SMALL_PT)
    return bytes(pdf.output())


def _document(title: str) -> FPDF:
    return _prepared(FPDF(format="A4"), title)


def _prepared(pdf: Document, title: str) -> Document:
    pdf.set_title(title)
    pdf.set_author(settings.TOWN_NAME)
    pdf.set_lang("en")
    pdf.set_margin(_MARGIN_MM)
    for style, weight in _WEIGHTS.items():
        for face, letters_of in ((_FACE, "latin"), (_MORE, "latin-ext")):
            pdf.add_font(face, style=style, fname=FONTS / f"public-sans-{letters_of}-{weight}.ttf")
    pdf.set_fallback_fonts([_MORE], exact_match=False)
    return pdf


def paper(title: str, *, lead: Iterable[str], tables: Iterable[Table], foot: str) -> bytes:
    """A PDF file: the town's name, the title, lines of text, tables, and a last word."""
    pdf = _document(title)
    pdf.add_page()
    _line(pdf, settings.TOWN_NAME, size=_BODY_PT, bold=True)
    _line(pdf, title, size=_TITLE_PT, bold=True, height=12)
    for words in lead:
        _line(pdf, words, size=_BODY_PT)
    for table in tables:
        _table(pdf, table)
    pdf.ln(6)
    _line(pdf, foot, size=_SMALL_PT)
    return bytes(pdf.output())


def _line(pdf: FPDF, words: str, *, size: float, bold: bool = False, height: float = 6) -> None:
    pdf.set_font(_FACE, "B" if bold else "", size)
    pdf.multi_cell(0, height, words, new_x="LMARGIN", new_y="NEXT", align=Align.L)


def _table(pdf: FPDF, table: Table) -> None:
    pdf.ln(6)
    _line(pdf, table.heading, size=_BODY_PT + 2, bold=True, height=8)
    pdf.set_font(_FACE, "", _BODY_PT)
    aligned = [Align.L] * (len(table.columns) - 1) + [Align.R]
    with pdf.table(
        [table.columns, *table.rows],
        text_align=tuple(aligned),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        line_height=6,
        padding=1,
    ):
        pass


class _Sheets(FPDF):
    """Pages whose head says which sheet they belong to, in letters and as a QR code."""

    sheet: BallotSheet
    first_page = 1

    def __init__(self) -> None:
        super().__init__(format="A4")
        self._broken: dict[tuple[str, float, float], list[str]] = {}

    def lines_of(self, words: str, width: float, size: float) -> list[str]:
        """Words broken into lines; looked up, since a file's sheets are nearly all alike."""
        asked = (words, width, size)
        if asked not in self._broken:
            self.set_font(_FACE, "", size)
            broken = self.multi_cell(width, 5, words, dry_run=True, output=MethodReturnValue.LINES)
            self._broken[asked] = cast(list[str], broken)
        return self._broken[asked]

    def header(self) -> None:
        """The town, the sheet's number, and its QR code at the right."""
        modules = [list(row) for row in segno.make(self.sheet.code, error="m").matrix]
        step = _QR_MM / len(modules)
        left = self.w - _MARGIN_MM - _QR_MM
        for down, row in enumerate(modules):
            for across, dark in enumerate(row):
                if dark:
                    at = (left + across * step, _TOP_MM + down * step)
                    self.rect(*at, step, step, style="F")
        self.set_xy(_MARGIN_MM, _TOP_MM)
        page = self.page_no() - self.first_page + 1
        _line(self, settings.TOWN_NAME, size=_BODY_PT, bold=True)
        _line(self, f"{self.sheet.number} · {page}", size=_BODY_PT + 2, bold=True)
        self.set_y(_TOP_MM + _QR_MM + 4)


def ballot_sheets(sheets: Iterable[BallotSheet], *, language: str) -> bytes:
    """A PDF file of ballot sheets, each beginning on a page of its own."""
    pdf = _prepared(_Sheets(), settings.TOWN_NAME)
    pdf.set_lang(language)
    for sheet in sheets:
        pdf.sheet, pdf.first_page = sheet, pdf.page_no() + 1
        pdf.add_page()
        _line(pdf, sheet.title, size=_TITLE_PT - 2, bold=True, height=9)
        for words in sheet.lead:
            _small(pdf, words)
        for part in sheet.parts:
            _part(pdf, part)
        pdf.ln(5)
        _small(pdf, sheet.end)
    return bytes(pdf.output())


def _small(pdf: _Sheets, words: str) -> None:
    lines = pdf.lines_of(words, pdf.epw, _SMALL_PT)
    pdf.set_font(_FACE, "", _SMALL_PT)
    for line in lines:
        pdf.cell(pdf.epw, 4.6, line, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)


def _part(pdf: _Sheets, part: SheetPart) -> None:
    if pdf.will_page_break(_PART_MM):
        pdf.add_page()
    pdf.ln(4)
    _line(pdf, part.heading, size=_BODY_PT + 2, bold=True, height=7)
    _small(pdf, part.task)
    for each in part.lines:
        _choice(pdf, each, _WRITTEN_MM if part.writes else _BOX_MM)


def _choice(pdf: _Sheets, line: SheetLine, box_mm: float) -> None:
    """One line: a box, the name, however long, and the cost; never across two pages."""
    indent, right, row = _WRITTEN_MM + 4, 32, 5.2
    width = pdf.epw - indent - right
    names = pdf.lines_of(line.name, width, _BODY_PT)
    height = max(8.0, row * len(names) + 2.8)
    if pdf.will_page_break(height):
        pdf.add_page()
    top = pdf.get_y()
    pdf.rect(pdf.l_margin + (_WRITTEN_MM - box_mm) / 2, top + 0.9, box_mm, _BOX_MM)
    pdf.set_font(_FACE, "", _BODY_PT)
    for place, words in enumerate(names):
        pdf.set_xy(pdf.l_margin + indent, top + 1.2 + place * row)
        pdf.cell(width, row, words)
    pdf.set_xy(pdf.w - pdf.r_margin - right, top + 1.2)
    pdf.cell(right, row, line.cost, align=Align.R)
    pdf.set_xy(pdf.l_margin, top + height)
