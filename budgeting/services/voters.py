"""Finding the voter whose papers an officer has before them."""

from __future__ import annotations

import base64
import hmac

from budgeting.domain.roll import plain_number
from budgeting.models import Cycle, RollEntry
from budgeting.selectors import is_of_homes
from budgeting.services.codes import plain_code
from budgeting.services.roll import person_key, secret_digest

_LETTERS = 8  # 40 bits, which officers alone can try
_MOST_DIGITS = 18


def voting_number(entry: RollEntry) -> str:
    """What somebody on a roll of confirmed homes reads out to an officer, and nobody else knows.

    Such a roll knows accounts, and an account is on no papers. Nothing is kept for it: the letters
    are an HMAC under the key outside the database.
    """
    letters = _letters(entry)
    return f"{entry.pk}-{letters[:4]}-{letters[4:]}"


def _letters(entry: RollEntry) -> str:
    digest = bytes.fromhex(secret_digest(f"voter:{entry.cycle_id}:{entry.pk}"))
    return base64.b32encode(digest).decode()[:_LETTERS]


def entry_by_number(cycle: Cycle, number: str) -> RollEntry | None:
    """The line of the roll of somebody whose number an officer typed, if any; it is not kept.

    On a roll of confirmed homes the number is the one that their account shows them.
    """
    roll, plain = cycle.roll.select_related("place"), plain_number(number)
    known = roll.filter(person_key=person_key(cycle, plain)).first()
    if known is not None or not is_of_homes(cycle):
        return known
    digits, letters = plain[:-_LETTERS], plain_code(plain[-_LETTERS:])
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        return None
    entry = roll.filter(pk=int(digits)).first()
    if entry is None or not hmac.compare_digest(_letters(entry).encode(), letters.encode()):
        return None
    return entry
