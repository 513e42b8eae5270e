"""Pages to print and keep, as PDF: a heading, what it is about, and tables of two columns or more.

What draws them is loaded with the first page, since it would be a fifth of what each process loads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse


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


@dataclass(frozen=True)
class SheetLine:
    """What can be chosen on a ballot sheet: its number and name, and what it costs."""

    name: str
    cost: str


@dataclass(frozen=True)
class SheetPart:
    """One question of a ballot sheet. Beside each line there is a box to tick, or to write in."""

    heading: str
    task: str
    lines: Sequence[SheetLine]
    writes: bool


@dataclass(frozen=True)
class BallotSheet:
    """A sheet that is known by its number; every page of it carries the number and its code."""

    number: str
    code: str
    title: str
    lead: Sequence[str]
    parts: Sequence[SheetPart]
    end: str


def letters(pages: Iterable[LetterPage]) -> bytes:
    """A PDF file of letters, a page each."""
    from civicfund import printing  # noqa: PLC0415 -- see above

    return printing.letters(pages)


def paper(title: str, *, lead: Iterable[str], tables: Iterable[Table], foot: str) -> bytes:
    """A PDF file: the town's name, the title, lines of text, tables, and a last word."""
    from civicfund import printing  # noqa: PLC0415

    return printing.paper(title, lead=lead, tables=tables, foot=foot)


def ballot_sheets(sheets: Iterable[BallotSheet], *, language: str) -> bytes:
    """A PDF file of ballot sheets, each beginning on a page of its own."""
    from civicfund import printing  # noqa: PLC0415

    return printing.ballot_sheets(sheets, language=language)


def pdf_response(filename: str, content: bytes) -> HttpResponse:
    """A download."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
