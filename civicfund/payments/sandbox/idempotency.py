"""Idempotency keys: the first answer to a key is the answer to it for a day.

https://docs.stripe.com/api/idempotent_requests and
https://docs.stripe.com/error-low-level#idempotency. What counts as the first answer: everything
from the moment an endpoint began its work, declines and 500s included; not a refusal of the
parameters, a 429 or a 409.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock

from civicfund.payments.sandbox.errors import ApiError
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import Store, Transaction

KIND = "_idempotency"
KEPT_SECONDS = 24 * 3600
MAX_KEY_LENGTH = 255


def fingerprint(method: str, path: str, params: Obj) -> str:
    """What two requests must share to be the same request."""
    text = json.dumps([method, path, params], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def keep(tx: Transaction, key: str, print_: str, request_id: str, status: int, body: Obj) -> None:
    """Keep this answer, in the same transaction as what the request wrote."""
    entry = {
        "id": key,
        "created": tx.now,
        "fingerprint": print_,
        "request_id": request_id,
        "status": status,
        "body": body,
    }
    tx.add(KIND, entry)


class Keys:
    """The keys in use right now, and those whose answers are kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_flight: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Have this key to oneself; a second request that comes meanwhile gets a 409."""
        if len(key) > MAX_KEY_LENGTH:
            raise ApiError(
                400, "invalid_request_error", f"Keys are at most {MAX_KEY_LENGTH} characters."
            )
        with self._lock:
            if key in self._in_flight:
                raise ApiError(
                    409,
                    "idempotency_error",
                    f"Another request with the key {key} is still being worked on.",
                    code="idempotency_key_in_use",
                )
            self._in_flight.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight.discard(key)

    def answer(self, key: str, print_: str, now: float) -> Obj | None:
        """The answer this key already has, if it is not older than a day."""
        entry = self._store.table(KIND).get(key)
        if entry is None or entry["created"] + KEPT_SECONDS <= now:
            return None
        if entry["fingerprint"] != print_:
            raise ApiError(
                400,
                "idempotency_error",
                f"The key {key} was first used with other parameters or another endpoint.",
            )
        return entry

    def prune(self, now: float) -> None:
        """Forget answers older than a day; the oldest come first, so this stops early."""
        kept = self._store.table(KIND)
        while kept:
            oldest = next(iter(kept))
            if kept[oldest]["created"] + KEPT_SECONDS > now:
                return
            del kept[oldest]
