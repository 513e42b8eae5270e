"""Pages to print and keep, as PDF: a heading, what it is about, and tables of two columns or more.

In the site's own typeface, subset into the file, so that every name prints as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout

_FONTS = settings.BASE_DIR / "static" / "vendor" / "public-sans"
_LATIN = _FONTS / "public-sans-latin-wght-normal.woff2"
_MORE_LATIN = _FONTS / "public-sans-latin-ext-wght-normal.woff2"
_WEIGHTS = {"": 400.0, "B": 700.0}
_FACE, _MORE = "sans", "sans-more"
_MARGIN_MM = 20
# Where the window of an envelope and the fold below it are: DIN 5008, form B.
_WINDOW_MM, _FOLD_MM = 50, 100
_BODY_PT, _TITLE_PT, _SMALL_PT = 10.5, 20, 9


@dataclass(frozen=True)
class Table:
    """Rows under a heading; the last column is set to the right, where amounts stand."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class LetterPage:
    """A letter of one page: an address for the window of the envelope, words, and a code."""

    to: Sequence[str]
    title: str
    body: Sequence[str]
    code: str
    foot: str


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
    pdf = FPDF(format="A4")
    pdf.set_title(title)
    pdf.set_author(settings.TOWN_NAME)
    pdf.set_lang("en")
    pdf.set_margin(_MARGIN_MM)
    for style, weight in _WEIGHTS.items():
        for face, file in ((_FACE, _LATIN), (_MORE, _MORE_LATIN)):
            pdf.add_font(face, style=style, fname=file, variations={"wght": weight})
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


def pdf_response(filename: str, content: bytes) -> HttpResponse:
    """A download."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
