"""Keys that are files in ``SLOT_KEYS``, named by their own hash, never in the database."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from django.conf import settings

_KEY_BYTES = 32


class SlotKeyMissingError(Exception):
    """A key is not where it was put: what needs it has to wait until it is back."""


class SlotKeyUnreadableError(SlotKeyMissingError):
    """A key may still be where it was put, but nobody can look: for rights, a disk, a folder."""


def make_key() -> str:
    """A new key in a file that only this user reads; its SHA-256, by which it is found again."""
    key = secrets.token_bytes(_KEY_BYTES)
    key_hash = hashlib.sha256(key).hexdigest()
    path = _path(key_hash)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    _keep_names(path.parent)
    return key_hash


def _keep_names(folder: Path) -> None:
    """Have the disk keep which files there are: a row is about to say that there is one more."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_key(key_hash: str) -> bytes:
    """The key. Raises ``SlotKeyMissingError`` where it is gone, or is another.

    Where that cannot be told, the error is ``SlotKeyUnreadableError``: the folder is not there, as
    when a disk is not mounted, or reading fails. Read each time and kept nowhere, so that the key
    is gone once its file is.
    """
    path = _path(key_hash)
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise SlotKeyUnreadableError("the folder of slot keys is not there") from None
        raise SlotKeyMissingError(f"no slot key {key_hash}") from None
    except OSError as error:
        raise SlotKeyUnreadableError(f"slot key {key_hash} cannot be read") from error
    if hashlib.sha256(key).hexdigest() != key_hash:
        raise SlotKeyMissingError(f"another slot key than {key_hash}")
    return key


def key_exists(key_hash: str) -> bool:
    """Whether the key is still there."""
    return _path(key_hash).exists()


def destroy_key(key_hash: str) -> bool:
    """Overwrite the key and remove it; whether it was there."""
    path = _path(key_hash)
    try:
        with path.open("r+b") as file:
            file.write(bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return False
    path.unlink(missing_ok=True)
    return True


def _path(key_hash: str) -> Path:
    return Path(settings.SLOT_KEYS) / f"{key_hash}.key"
