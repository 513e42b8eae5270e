"""What a document that somebody sends is allowed to be, and what is kept of it; ages.

No framework.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
# A page of paper is readable at this many pixels; more is only memory.
LONGEST_SIDE = 3_000
_QUALITY = 85
_JPEG, _PNG, _PDF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-"
_END_OF_PDF = re.compile(rb"%%EOF\s*\Z")
# What runs, starts or carries other files, and what nobody but the sender can open.
_MORE_THAN_PAGES = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|Encrypt)\b")
_ARCHIVE = b"PK\x05\x06"


class Unfit(StrEnum):
    """Why something is not taken."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNKNOWN_KIND = "unknown_kind"
    TOO_MANY_PIXELS = "too_many_pixels"
    BROKEN_PICTURE = "broken_picture"
    BROKEN_PDF = "broken_pdf"
    MORE_THAN_PAGES = "more_than_pages"


class UnfitError(ValueError):
    """What was sent is not taken; ``why`` says what is wrong with it."""

    def __init__(self, why: Unfit) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Fit:
    """What is kept: a picture drawn anew as JPEG, or a PDF as it came."""

    content: bytes
    is_picture: bool


def fit(content: bytes, *, longest_side: int = LONGEST_SIDE) -> Fit:
    """What is kept of what somebody sent; ``UnfitError`` where that is nothing.

    The kind is told by how the content begins, whatever its sender calls it. A picture is decoded
    and written anew, no side longer than so many pixels: place, time, camera and whatever else
    the file carried is gone.
    """
    if not content:
        raise UnfitError(Unfit.EMPTY)
    if len(content) > LARGEST_BYTES:
        raise UnfitError(Unfit.TOO_LARGE)
    if content.startswith(_JPEG):
        return Fit(_drawn_anew(content, "JPEG", longest_side), is_picture=True)
    if content.startswith(_PNG):
        return Fit(_drawn_anew(content, "PNG", longest_side), is_picture=True)
    if content.startswith(_PDF):
        _check_pdf(content)
        return Fit(content, is_picture=False)
    raise UnfitError(Unfit.UNKNOWN_KIND)


def _drawn_anew(content: bytes, kind: str, longest_side: int) -> bytes:
    try:
        with warnings.catch_warnings():
            # The size is looked at below, before anything is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[kind]) as picture:
                return _as_jpeg(picture, longest_side)
    except Image.DecompressionBombError:
        raise UnfitError(Unfit.TOO_MANY_PIXELS) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, UnfitError):
            raise
        raise UnfitError(Unfit.BROKEN_PICTURE) from None


def _as_jpeg(picture: Image.Image, longest_side: int) -> bytes:
    if picture.width * picture.height > MOST_PIXELS:
        raise UnfitError(Unfit.TOO_MANY_PIXELS)
    picture.draft("RGB", (longest_side, longest_side))
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((longest_side, longest_side))
    paper = Image.new("RGB", upright.size, "white")
    seen = upright.convert("RGBA")
    paper.paste(seen, mask=seen.getchannel("A"))
    drawn = io.BytesIO()
    paper.save(drawn, "JPEG", quality=_QUALITY)
    return drawn.getvalue()


def _check_pdf(content: bytes) -> None:
    """A PDF is kept as it came, so it has to end as one and to hold nothing but pages.

    This tells apart what is openly more; it is no search for harmful files.
    """
    if not _END_OF_PDF.search(content[-1024:]):
        raise UnfitError(Unfit.BROKEN_PDF)
    if _MORE_THAN_PAGES.search(content) or _ARCHIVE in content:
        raise UnfitError(Unfit.MORE_THAN_PAGES)


def years_before(day: date, years: int) -> date:
    """The latest day on which somebody is born who is so old on ``day``.

    Who is born on 29 February is older on 1 March.
    """
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)
