"""Deliver events to the webhook endpoint, signed, again and again until it takes them.

https://docs.stripe.com/webhooks: the signature scheme, the retries, and that order and
uniqueness are not promised.
"""

from __future__ import annotations

import hmac
import http.client
import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from heapq import heappop, heappush
from threading import Condition, Lock, Thread
from urllib.parse import urlsplit

from civicfund.payments.sandbox.engine import Engine
from civicfund.payments.sandbox.errors import invalid
from civicfund.payments.sandbox.event_log import told
from civicfund.payments.sandbox.shapes import Obj
from civicfund.payments.sandbox.store import THIN, Change

TIMEOUT_SECONDS = 10.0
# Stripe tries a test account's events three more times within a few hours; here within minutes.
RETRY_SECONDS = (2, 30, 300)
PAYLOADS = ("thin", "snapshot")


@dataclass
class Knobs:
    """What may happen to an event on its way. Probabilities are between 0 and 1."""

    url: str = ""
    secret: str = ""
    connect_url: str = ""
    connect_secret: str = ""
    connect_payload: str = "thin"
    duplicate: float = 0.0
    drop: float = 0.0
    delay_seconds: float = 0.0
    reorder_seconds: float = 0.0
    paused: bool = False


class Deliverer:
    """One thread that sends what is due. Events wait in the store, so none is lost at a stop."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.knobs = Knobs(
            engine.config.webhook_url,
            engine.config.webhook_secret,
            engine.config.connect_url,
            engine.config.connect_secret,
            engine.config.connect_payload,
        )
        self._random = random.Random(0)  # noqa: S311 - chance for tests, no secret
        self._wake = Condition()
        self._sending = Lock()
        self._queue: list[tuple[float, int, str]] = []
        self._count = 0
        self._stopping = False
        self._busy = False
        self._connection: http.client.HTTPConnection | None = None
        self._thread = Thread(target=self._work, name="webhooks", daemon=True)
        engine.on_commit = self._notice
        engine.hooks = bool(self.knobs.url or self.knobs.connect_url)

    def start(self) -> None:
        """Take up the deliveries that an earlier process left over, and begin."""
        pending = self.engine.store.table("_delivery").values()
        self._enqueue((row["due"], row["id"]) for row in pending if row["state"] == "pending")
        self._thread.start()

    def stop(self) -> None:
        """Stop after the delivery under way."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._connection is not None and self._connection.sock is not None:
            self._connection.sock.close()
        self._thread.join(timeout=2)

    def set(self, changed: Obj) -> None:
        """Turn knobs; ``seed`` starts chance afresh, and nothing else does: whoever only asks how
        things stand changes nothing.
        """
        if "seed" in changed:
            self._random.seed(changed.pop("seed"))
        names = {knob.name for knob in fields(Knobs)}
        if not changed.keys() <= names:
            raise invalid(f"Webhook knobs are {', '.join(sorted(names))} and seed.")
        kinds = {name: type(getattr(self.knobs, name)) for name in changed}
        turned = {name: kinds[name](value) for name, value in changed.items()}
        if turned.get("connect_payload", "thin") not in PAYLOADS:
            raise invalid(f"connect_payload is {' or '.join(PAYLOADS)}.", param="connect_payload")
        with self._wake:
            for name, value in turned.items():
                setattr(self.knobs, name, value)
            self.engine.hooks = bool(self.knobs.url or self.knobs.connect_url)
            self._wake.notify_all()

    def forget(self) -> None:
        """Drop what is queued; the engine's state was reset."""
        with self._wake:
            self._queue.clear()

    def wake(self) -> None:
        """Look again at what is due: the clock was moved."""
        with self._wake:
            self._wake.notify_all()

    def resend(self, event_ids: Iterable[str]) -> None:
        """Send these events now, whatever became of them before."""
        now = self.engine.clock.now()
        self._enqueue((now, event_id) for event_id in event_ids)

    def idle(self) -> bool:
        """Whether nothing is due now or under way."""
        with self._wake:
            waiting = bool(self._queue) and self._queue[0][0] <= self.engine.clock.now()
            return not waiting and not self._busy

    def post(self, event: Obj, *, secret: str | None = None, at: float | None = None) -> int:
        """Send one event and return the endpoint's status; 0 when it cannot be reached.

        The signature's time is the machine's, not the sandbox's: receivers compare it with theirs.
        """
        url, own_secret = self._endpoint(event)
        body = json.dumps(event).encode()
        header = signature(body, own_secret if secret is None else secret, at or time.time())
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header}
        with self._sending:
            return self._send(url, body, headers)

    def _send(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        target = urlsplit(url)
        path = target.path + (f"?{target.query}" if target.query else "")
        for attempt in (1, 2):
            connection = self._connect(target.hostname or "", target.port or 80)
            fresh = connection.sock is None
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                if fresh or attempt == 2 or self._stopping:  # else it may have died of old age
                    return 0
            else:
                return answer.status
        return 0

    def _endpoint(self, event: Obj) -> tuple[str, str]:
        """Where an event goes: those of connected accounts have an endpoint of their own.

        A destination takes snapshots or thin events, never both.
        https://docs.stripe.com/connect/webhooks and https://docs.stripe.com/event-destinations
        """
        payload = "thin" if event["object"] == THIN else "snapshot"
        if payload == "snapshot" and "account" not in event:
            return self.knobs.url, self.knobs.secret
        if payload == self.knobs.connect_payload:
            return self.knobs.connect_url, self.knobs.connect_secret
        return "", ""

    def _connect(self, host: str, port: int) -> http.client.HTTPConnection:
        kept = self._connection
        if kept is None or (kept.host, kept.port) != (host, port):
            kept = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
            self._connection = kept
        return kept

    def _notice(self, changes: list[Change]) -> None:
        now = self.engine.clock.now()
        fresh = [
            identifier
            for kind, identifier, row in changes
            if kind == "_delivery" and row is not None and row["attempts"] == 0
            and row["state"] == "pending"
        ]  # fmt: skip
        self._enqueue((now + self._hold_back(), event_id) for event_id in fresh)

    def _hold_back(self) -> float:
        return self.knobs.delay_seconds + self._random.uniform(0, self.knobs.reorder_seconds)

    def _enqueue(self, rows: Iterable[tuple[float, str]]) -> None:
        with self._wake:
            for due, event_id in rows:
                self._count += 1
                heappush(self._queue, (due, self._count, event_id))
            self._wake.notify_all()

    def _work(self) -> None:
        while True:
            event_id = self._next()
            if event_id is None:
                return
            self._deliver(event_id)
            with self._wake:
                self._busy = False

    def _next(self) -> str | None:
        with self._wake:
            while not self._stopping:
                wait = None
                if self._queue and not self.knobs.paused:
                    wait = self._queue[0][0] - self.engine.clock.now()
                    if wait <= 0:
                        self._busy = True
                        return heappop(self._queue)[2]
                self._wake.wait(wait)
        return None

    def _deliver(self, event_id: str) -> None:
        with self.engine.lock:
            tx = self.engine.transaction()
            event = told(tx, event_id)
            known = tx.find("_delivery", event_id)
            if event is None or known is None:
                return
            if not self._endpoint(event)[0]:
                tx.remove("_delivery", event_id)  # nobody listens to such events
                self.engine.commit(tx)
                return
        if known["attempts"] == 0 and self._random.random() < self.knobs.drop:
            self._record(event_id, status=0, dropped=True)
            return
        status = self.post(event)
        if known["attempts"] == 0 and self._random.random() < self.knobs.duplicate:
            self._enqueue([(self.engine.clock.now() + self._hold_back(), event_id)])
        if not self._stopping:
            self._record(event_id, status=status)

    def _record(self, event_id: str, *, status: int, dropped: bool = False) -> None:
        with self.engine.lock:
            tx = self.engine.transaction()
            if tx.find("_delivery", event_id) is None:
                return
            row = tx.edit("_delivery", event_id)
            row["attempts"] += 1
            row["status"] = status
            if 200 <= status < 300 or row["state"] == "delivered":
                row["state"] = "delivered"
            elif dropped or row["attempts"] > len(RETRY_SECONDS):
                row["state"] = "failed"
            else:
                row["due"] = tx.now + RETRY_SECONDS[row["attempts"] - 1]
                self._enqueue([(row["due"], event_id)])
            self.engine.commit(tx)


def signature(body: bytes, secret: str, at: float) -> str:
    """The ``Stripe-Signature`` header: https://docs.stripe.com/webhooks#verify-manually"""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, "sha256").hexdigest()
    return f"t={stamp},v1={digest}"
