"""Sealed ballots: anyone can close one, only the trustees' key opens it.

libsodium's sealed box (X25519, XSalsa20-Poly1305) over the choices as JSON, padded so that all
sealed ballots of one cycle are equally long. https://doc.libsodium.org/public-key_cryptography/sealed_boxes
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nacl.bindings import crypto_box_SEALBYTES, sodium_pad, sodium_unpad
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

# Choices as they are kept: the pot's id, {"options": [positions], "points": [ints] or null}.
Choices = Mapping[str, Mapping[str, Sequence[int] | None]]

_STEP = 64
_POT_BYTES = 64  # a pot's id, the words around its options
_PLACE_BYTES = 6  # a position of five digits and its comma
_POINTS_BYTES = 8  # points up to 1,000,000 and their comma


class UnreadableError(ValueError):
    """A sealed ballot that the key does not open, or whose content is no ballot."""


def padded_bytes(options_in_each_pot: Sequence[int], *, has_points: bool) -> int:
    """How long every ballot is made before it is sealed: what the fullest one takes, rounded up."""
    each = _PLACE_BYTES + (_POINTS_BYTES if has_points else 0)
    fullest = sum(_POT_BYTES + each * options for options in options_in_each_pot)
    return (fullest // _STEP + 1) * _STEP


def sealed_bytes(padded: int) -> int:
    """How long every sealed ballot is."""
    return padded + int(crypto_box_SEALBYTES)


def seal(choices: Choices, public_key: str, padded: int) -> bytes:
    """The choices, sealed. Raises ``ValueError`` for choices longer than a ballot can be."""
    text = json.dumps(choices, separators=(",", ":"), sort_keys=True).encode()
    if len(text) >= padded:
        raise ValueError("A ballot is longer than the longest of its cycle.")
    box = SealedBox(PublicKey(bytes.fromhex(public_key)))
    return bytes(box.encrypt(sodium_pad(text, padded)))


class Opener:
    """Opens sealed ballots. Whoever holds one holds the key of the vote."""

    def __init__(self, secret: bytes, padded: int) -> None:
        self._box = SealedBox(PrivateKey(secret))
        self._padded = padded

    def open(self, sealed: bytes) -> dict[str, Any]:
        """The choices. Raises ``UnreadableError``."""
        try:
            text = sodium_unpad(self._box.decrypt(sealed), self._padded)
            choices = json.loads(text)
        except (CryptoError, ValueError) as error:
            raise UnreadableError(type(error).__name__) from None
        if not _is_ballot(choices):
            raise UnreadableError("no ballot")
        return dict(choices)


def public_key_of(secret: bytes) -> str:
    """The public half of a secret key, as hex."""
    return bytes(PrivateKey(secret).public_key).hex()


def _is_ballot(choices: object) -> bool:
    return isinstance(choices, dict) and all(
        pot.isdecimal()
        and isinstance(chosen, dict)
        and _are_numbers(chosen.get("options"))
        and (chosen.get("points") is None or _are_numbers(chosen["points"]))
        for pot, chosen in choices.items()
    )


def _are_numbers(given: object) -> bool:
    return isinstance(given, list) and all(type(n) is int and 0 <= n < 2**31 for n in given)
