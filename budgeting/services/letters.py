"""Letters with codes as PDF files in one zip, made as they are sent and kept nowhere."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from io import RawIOBase
from typing import Any

from django.utils.translation import gettext as _

from budgeting.models import Cycle
from budgeting.services.codes import Letter
from civicfund.moments import moment
from civicfund.papers import LetterPage, letters

LETTERS_PER_FILE = 200


class _Outgoing(RawIOBase):
    """What the zip has written and nobody has taken yet."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self.parts.append(bytes(part))
        return len(part)

    def take(self) -> bytes:
        taken, self.parts = b"".join(self.parts), []
        return taken


def letters_zip(cycle: Cycle, written: Sequence[Letter], address: str) -> Iterator[bytes]:
    """The parts of a zip of PDF files; ``address`` is where codes are typed in."""
    out = _Outgoing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        for start in range(0, len(written), LETTERS_PER_FILE):
            part = written[start : start + LETTERS_PER_FILE]
            name = f"letters-{start // LETTERS_PER_FILE + 1:04d}.pdf"
            bundle.writestr(name, letters([_page(cycle, letter, address) for letter in part]))
            yield out.take()
    yield out.take()


def _page(cycle: Cycle, letter: Letter, address: str) -> LetterPage:
    ends_at = cycle.voting_ends_at
    until = moment(ends_at) if ends_at else ""
    return LetterPage(
        to=(letter.name, letter.street, f"{letter.postal_code} {letter.locality}"),
        title=_("Your vote: %(cycle)s") % {"cycle": cycle.title},
        body=(
            _(
                "You may vote. You need no account: open this address, and type the code and the"
                " year in which you were born."
            ),
            address,
            _("Voting ends on %(until)s.") % {"until": until},
        ),
        code=letter.code,
        foot=_(
            "Keep this code to yourself: whoever has it and knows your year of birth can vote in"
            " your place. If the letter was open when it came, tell the town and you get another"
            " code; this one ends then, and so does the vote of an account that has used it. What"
            " was cast with it counts until you cast yourself. The town keeps neither this code"
            " nor, for this letter, your address."
        ),
    )
