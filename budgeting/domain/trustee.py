# ruff: noqa: T201 -- it speaks to whoever runs it
"""What the three trustees of a vote run, on a computer that is not connected to anything.

    python trustee.py make    make the key of a vote and split it: any two of three parts open it
    python trustee.py open    open a test box with two parts (the rehearsal before the vote)

One file. It takes Python 3.11 and two libraries: PyNaCl (the box) and shamir-mnemonic (SLIP-39,
the splitting: a part is 33 words, with a checksum that finds slips of the pen). Nothing is
written to disk. The public key goes to the town; each part to one trustee, on paper, with the
fingerprint of the key: the public board of the vote shows the same one from its opening on.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Sequence

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

PARTS, NEEDED = 3, 2
SECRET_BYTES = 32
PAIRS = ("1+2", "1+3", "2+3")
_GROUPS, _GROUP = 8, 4  # of hexadecimal digits: as many as people compare without a slip


class PartsError(ValueError):
    """The parts do not belong together, or one has a slip in it."""


def split(secret: bytes) -> list[str]:
    """Three parts of words, any two of which give the secret back."""
    [parts] = generate_mnemonics(1, [(NEEDED, PARTS)], secret)
    return list(parts)


def combine(parts: Sequence[str]) -> bytes:
    """The secret of two parts. Raises ``PartsError``."""
    words = [" ".join(part.lower().split()) for part in parts]
    if len(set(words)) != NEEDED:
        raise PartsError("It takes two different parts.")
    try:
        secret = bytes(combine_mnemonics(words))
    except MnemonicError as error:
        raise PartsError(str(error)) from None
    if len(secret) != SECRET_BYTES:
        raise PartsError("These parts are of something else.")
    return secret


def fingerprint(public_key: bytes) -> str:
    """What people compare to know a key again: the first half of its SHA-256, in short groups."""
    digits = hashlib.sha256(public_key).hexdigest()
    return " ".join(digits[at : at + _GROUP] for at in range(0, _GROUPS * _GROUP, _GROUP))


def answer_of(box: str, secret: bytes) -> str:
    """What a test box holds, to be told to the town. Raises ``PartsError``."""
    try:
        held = SealedBox(PrivateKey(secret)).decrypt(base64.b64decode(box, validate=True))
    except (CryptoError, ValueError):
        raise PartsError("These parts do not open this box.") from None
    return held.hex()


def make() -> None:
    """Make a key, and show its public half and each part, one after the other."""
    key = PrivateKey.generate()
    print("Public key, for the town:\n\n" + bytes(key.public_key).hex() + "\n")
    print("Fingerprint of this key:\n\n" + fingerprint(bytes(key.public_key)) + "\n")
    print("Each trustee writes it down. From the opening of the vote on its public board shows who")
    print("the trustees are, and this fingerprint. If it shows others, say so to everybody.\n")
    for number, part in enumerate(split(bytes(key)), start=1):
        input(f"Part {number}, for one trustee's eyes only. Press Enter to see it. ")
        print(f"\n{part}\n")
        input("Write it down, read it back, then press Enter: the screen is cleared. ")
        print("\033[2J\033[H", end="")
    print("The key is gone from this computer. Rehearse with each pair before the vote.")


def open_box() -> None:
    """Open a test box with two parts."""
    box = input("Test box: ").strip()
    parts = [input(f"Part of trustee {name}: ") for name in ("one", "two")]
    secret = combine(parts)
    print("Fingerprint of this key:", fingerprint(bytes(PrivateKey(secret).public_key)))
    print("Answer, for the town:", answer_of(box, secret))


def main() -> int:
    """Run what was asked for."""
    acts = {"make": make, "open": open_box}
    if len(sys.argv) != 2 or sys.argv[1] not in acts:
        print(__doc__)
        return 2
    try:
        acts[sys.argv[1]]()
    except PartsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
