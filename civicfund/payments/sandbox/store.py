"""Every object the sandbox holds, and the transaction that is the only way to change them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator

from civicfund.payments.sandbox.shapes import Obj, clone, iso, shown

API_VERSION = "2026-10-28.endive"
THIN = "v2.core.event"
ALPHABET = string.ascii_letters + string.digits

Change = tuple[str, str, Obj | None]


def new_id(prefix: str, length: int = 24) -> str:
    """An identifier in Stripe's manner: a prefix, then letters and digits."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


class Store:
    """Tables of objects by kind and id, in the order of their creation."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Obj]] = {}

    def table(self, kind: str) -> dict[str, Obj]:
        """The table of one kind of object."""
        return self.tables.setdefault(kind, {})

    def apply(self, changes: list[Change]) -> None:
        """Write these objects; ``None`` in place of an object takes it away."""
        for kind, identifier, obj in changes:
            if obj is None:
                self.table(kind).pop(identifier, None)
            else:
                self.table(kind)[identifier] = obj

    def dump(self) -> Iterator[list[Change]]:
        """The changes that would build this store from nothing."""
        for kind, table in self.tables.items():
            for identifier, obj in table.items():
                yield [(kind, identifier, obj)]


class Transaction:
    """What one request reads and writes: all of it is kept, or none."""

    def __init__(self, store: Store, now: float, *, hooks: bool = False) -> None:
        self._store = store
        self._staged: dict[tuple[str, str], Obj | None] = {}
        self.now = int(now)
        self.hooks = hooks
        self.request_id: str | None = None
        self.idempotency_key: str | None = None

    def find(self, kind: str, identifier: str) -> Obj | None:
        """The object to read, never to change."""
        key = (kind, identifier)
        if key in self._staged:
            return self._staged[key]
        return self._store.table(kind).get(identifier)

    def edit(self, kind: str, identifier: str) -> Obj:
        """This transaction's own copy of an object that exists, to be changed in place."""
        key = (kind, identifier)
        staged = self._staged.get(key)
        if staged is None:
            staged = self._staged[key] = clone(self._store.table(kind)[identifier])
        return staged

    def add(self, kind: str, obj: Obj) -> Obj:
        """Keep a new object under its own id."""
        self._staged[(kind, obj["id"])] = obj
        return obj

    def remove(self, kind: str, identifier: str) -> None:
        """Take an object away."""
        self._staged[(kind, identifier)] = None

    def newest_first(self, kind: str) -> Iterator[Obj]:
        """All objects of a kind, the latest first, this transaction's own included."""
        stored = self._store.table(kind)
        staged = {ident: obj for (owner, ident), obj in self._staged.items() if owner == kind}
        for ident in reversed([ident for ident in staged if ident not in stored]):
            obj = staged[ident]
            if obj is not None:
                yield obj
        for ident in reversed(stored):
            obj = staged.get(ident, stored[ident])
            if obj is not None and not (ident in staged and staged[ident] is None):
                yield obj

    def emit(self, kind: str, obj: Obj, *, account: str | None = None) -> Obj:
        """Record an event about an object as it stands now, to be delivered after the commit.

        ``account`` is the connected account it happened on.
        https://docs.stripe.com/api/events/object
        """
        event: Obj = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": {"object": shown(obj)},
            "livemode": False,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": kind,
        }
        if account is not None:
            event["account"] = account
        self.add("event", event)
        self._to_deliver(event)
        return event

    def emit_thin(self, kind: str, related: Obj, *, data: Obj | None = None) -> Obj:
        """Record a thin event of API v2: which object changed, and nothing of what it is now.

        ``data`` is told only to who fetches the event. https://docs.stripe.com/event-destinations
        """
        request = {"id": self.request_id, "idempotency_key": self.idempotency_key or ""}
        event: Obj = {
            "id": new_id("evt_test", 44),
            "object": THIN,
            "changes": None,
            "context": None,
            "created": iso(self.now),
            "data": data,
            "livemode": False,
            "reason": {"type": "request", "request": request} if self.request_id else None,
            "related_object": related,
            "type": kind,
        }
        self.add(THIN, event)
        self._to_deliver(event)
        return event

    def _to_deliver(self, event: Obj) -> None:
        if self.hooks:
            delivery = {"id": event["id"], "state": "pending", "attempts": 0, "due": self.now}
            self.add("_delivery", delivery)

    def changes(self) -> list[Change]:
        """What this transaction wrote, in the order of its first writes."""
        return [(kind, ident, obj) for (kind, ident), obj in self._staged.items()]
