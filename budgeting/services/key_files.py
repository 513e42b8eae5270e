"""Keys that are files in ``SLOT_KEYS``, named by their own hash, never in the database."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from budgeting.services.errors import RefusedError

log = structlog.get_logger(__name__)

_KEY_BYTES = 32


class SlotKeyMissingError(Exception):
    """A key is not where it was put: what needs it has to wait until it is back."""


class SlotKeyUnreadableError(SlotKeyMissingError):
    """A key may still be where it was put, but nobody can look: for rights, a disk, a folder."""


def make_key() -> str:
    """A new key in a file that only this user reads; its SHA-256, by which it is found again.

    Raises ``RefusedError`` where no file can be made. The folder never is: an empty one in place of
    a disk that is not mounted would make every other key look lost.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    key_hash = hashlib.sha256(key).hexdigest()
    path = _path(key_hash)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        log.exception("key.not_made")
        raise RefusedError(
            _(
                "No new key can be put where the keys are kept. Whoever runs the site has to look"
                " at its folder first."
            )
        ) from error
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
    """Whether the key can be seen there.

    Where nobody can look it cannot: whoever needs it is in trouble, and whoever is to destroy it
    looks again later.
    """
    try:
        return _path(key_hash).exists()
    except OSError:
        log.exception("key.not_looked_for", key_hash=key_hash)
        return False


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
