"""Rows as CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse

# A cell that a spreadsheet would take for a formula begins with one of these.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# The same behind apostrophes, so that what is taken off one that was put on is what was there.
_QUOTABLE = re.compile(r"'*[=+\-@\t\r\n]")


class _Echo:
    """Lets the csv module hand its lines on."""

    def write(self, line: str) -> str:
        return line


def csv_response(
    filename: str, header: list[str], rows: Iterable[Iterable[object]]
) -> StreamingHttpResponse:
    """A download, streamed; words that begin like a formula are quoted."""
    response = StreamingHttpResponse(
        csv_lines(header, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def csv_lines(header: list[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The lines of a file, words that begin like a formula quoted."""
    writer = csv.writer(_Echo())
    yield writer.writerow([_plain(cell) for cell in header])
    for row in rows:
        yield writer.writerow([_plain(cell) for cell in row])


def _plain(cell: object) -> object:
    if isinstance(cell, str) and _QUOTABLE.match(cell):
        return f"'{cell}"
    return cell


def unquoted(cell: str) -> str:
    """A cell of such a file as it was before words that begin like a formula were quoted."""
    return cell[1:] if cell.startswith("'") and _QUOTABLE.match(cell) else cell
