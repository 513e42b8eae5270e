"""A folder of sealed files, for what must be in no database and no backup, and not for long.

Each file is a libsodium secret box under a key from the environment; its id is sealed in with it,
so that one file cannot be laid in another's place. A drawer is a folder in it, for another kind.
"""

from __future__ import annotations

import os
import re
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

_ID_BYTES = 16
_CHUNK = 1 << 20


class VaultError(Exception):
    """The file is not there, or is not what was put there."""


def put(pk: UUID, content: bytes, *, drawer: str = "") -> None:
    """Seal the content into a file that only this user reads; nothing of it is left in the open."""
    path = _path(pk, drawer)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealed = _box().encrypt(pk.bytes + content)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())


def get(pk: UUID, *, drawer: str = "") -> bytes:
    """What was put there. Raises ``VaultError`` where it is gone or altered."""
    try:
        opened = _box().decrypt(_path(pk, drawer).read_bytes())
    except (FileNotFoundError, CryptoError, ValueError) as error:
        raise VaultError(type(error).__name__) from None
    if opened[:_ID_BYTES] != pk.bytes:
        raise VaultError("another file lies in its place")
    return opened[_ID_BYTES:]


def destroy(pk: UUID, *, drawer: str = "") -> None:
    """Overwrite the file and remove it; quietly where it is gone."""
    path = _path(pk, drawer)
    try:
        with path.open("r+b") as file:
            left = file.seek(0, os.SEEK_END)
            file.seek(0)
            while left > 0:
                left -= file.write(bytes(min(left, _CHUNK)))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    path.unlink(missing_ok=True)


def ids(*, older_than: timedelta, drawer: str = "") -> list[UUID]:
    """What lies in the folder, or in one of its drawers, for longer than this."""
    latest = time.time() - older_than.total_seconds()
    files = (Path(_folder()) / drawer).glob("*.box")
    return [UUID(file.stem) for file in files if file.stat().st_mtime <= latest]


def _path(pk: UUID, drawer: str) -> Path:
    return Path(_folder()) / drawer / f"{pk}.box"


def _folder() -> str:
    folder: str = settings.RESIDENCE_DOCUMENTS
    if not folder:
        raise ImproperlyConfigured("RESIDENCE_DOCUMENTS is not set.")
    return folder


def _box() -> SecretBox:
    key = settings.RESIDENCE_DOCUMENT_KEY
    if not re.fullmatch("[0-9a-f]{64}", key):
        raise ImproperlyConfigured("RESIDENCE_DOCUMENT_KEY is not 64 hexadecimal digits.")
    return SecretBox(bytes.fromhex(key))
