"""What the API reads, and numbers in addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.http import Http404, HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class Json(JSONParser):
    """JSON, however deeply it is nested: what Python cannot follow is refused, and is no crash."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """As in Django REST framework, and ``ParseError`` for what is too deep."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


def said_in(request: HttpRequest, name: str) -> str:
    """What an address says under a name; ``Http404`` for what no row can hold."""
    said = request.GET.get(name, "")
    if "\x00" in said:
        raise Http404("Nothing is named like this.")
    return said


def whole_number(text: str) -> int | None:
    """The number that an address or a form carries; None for what is none, or none of a row."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
