"""From a request to its answer: who asks, which endpoint, which key, which fault, what is kept."""

from __future__ import annotations

import base64
import json
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

from civicfund.payments.sandbox import (  # noqa: F401 - importing a resource registers its endpoints
    accounts,
    balance,
    charges,
    configurations,
    customers,
    disputes,
    event_log,
    payment_intents,
    payment_methods,
    payouts,
    refunds,
    setup_intents,
    transfers,
)
from civicfund.payments.sandbox.clock import Clock
from civicfund.payments.sandbox.errors import ApiError, invalid
from civicfund.payments.sandbox.expand import expand
from civicfund.payments.sandbox.faults import Dropped, Faults, Rule
from civicfund.payments.sandbox.forms import parse_form
from civicfund.payments.sandbox.idempotency import Keys, fingerprint, keep
from civicfund.payments.sandbox.journal import Journal
from civicfund.payments.sandbox.limiter import Limiter
from civicfund.payments.sandbox.params import check_params
from civicfund.payments.sandbox.routes import Call, Endpoint, refuse_unmodelled, resolve
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import API_VERSION, Change, Store, Transaction, new_id
from civicfund.payments.sandbox.timeline import run_due

BROWSER_ONLY = {"client_secret": str}


@dataclass(frozen=True)
class Config:
    """What the process was started with."""

    state_dir: Path
    secret_key: str
    publishable_key: str
    webhook_url: str = ""
    webhook_secret: str = ""
    connect_url: str = ""
    connect_secret: str = ""
    connect_payload: str = "thin"
    rate_limit: int = 25
    account_rate_limit: int = 0


@dataclass
class Request:
    """One HTTP request, as far as the API needs it; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    origin: str = ""


@dataclass
class Response:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def json_response(status: int, body: Obj, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(status, json.dumps(body).encode(), dict(headers or {}))


class Engine:
    """The account behind the API: its state, its journal, its knobs."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = Clock()
        self.store = Store()
        self.journal = Journal(config.state_dir / "journal.jsonl")
        self.keys = Keys(self.store)
        self.limiter = Limiter(config.rate_limit, config.account_rate_limit)
        self.faults = Faults()
        self.lock = RLock()
        self.closed = False
        self.hooks = False
        self.on_commit: Callable[[list[Change]], None] = lambda changes: None
        self._restore()

    def _restore(self) -> None:
        """Take up where the last process stopped, and shorten the journal to what still matters."""
        lines = 0
        for changes in self.journal.replay():
            self.store.apply(changes)
            lines += len(changes)
        saved = self.store.table("_settings").get("clock")
        if saved:
            self.clock.offset_seconds = saved["offset_seconds"]
        self.keys.prune(self.clock.now())
        if lines > 2 * sum(map(len, self.store.tables.values())):
            self.journal.rewrite(self.store.dump())

    def transaction(self) -> Transaction:
        """A fresh transaction; hold ``lock`` from here until ``commit``."""
        return Transaction(self.store, self.clock.now(), hooks=self.hooks)

    def commit(self, tx: Transaction) -> None:
        """Write the transaction to the journal, then to memory. Needs ``lock``."""
        changes = tx.changes()
        if not changes:
            return
        if self.closed:
            raise Dropped
        self.journal.append(changes)
        self.store.apply(changes)
        self.on_commit(changes)

    def tick(self) -> None:
        """Let everything happen whose time has come."""
        with self.lock:
            tx = self.transaction()
            run_due(tx)
            self.commit(tx)

    def reset(self) -> None:
        """Forget everything: objects, keys, clock, faults."""
        with self.lock:
            self.store.tables.clear()
            self.journal.rewrite(iter(()))
            self.clock.offset_seconds = 0.0
            self.faults.set([], 0)
            self.limiter.highest.clear()

    def close(self) -> None:
        """Take no more changes and force the journal to the disk."""
        with self.lock:
            self.closed = True
            self.journal.close()

    def handle(self, request: Request) -> Response:
        """The answer of the API to this request; raises ``Dropped`` where a fault cuts the line."""
        request_id = new_id("req", 14)
        try:
            response = self._answer(request, request_id)
        except ApiError as error:
            response = json_response(error.status, {"error": error.error}, error.headers)
        except Dropped:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            response = json_response(500, _server_error("The sandbox itself has a bug."))
        response.headers.setdefault("Request-Id", request_id)
        response.headers["Stripe-Version"] = request.headers.get("stripe-version", API_VERSION)
        return response

    def _answer(self, request: Request, request_id: str) -> Response:
        browser = self.is_browser(request)
        endpoint, ids = resolve(request.method, request.path)
        if browser and not endpoint.browser:
            raise ApiError(
                401,
                "invalid_request_error",
                "This call cannot be made with a publishable key.",
                code="secret_key_required",
            )
        self.limiter.take(endpoint.name)
        fault = None if browser else self.faults.draw(request.method, request.path)
        _strike_first(fault)
        given = _given(request)
        extra = dict.fromkeys(endpoint.untyped, str) | (BROWSER_ONLY if browser else {})
        params = check_params(endpoint.params, given, extra=extra)
        refuse_unmodelled(endpoint, params)
        tx = self.transaction()
        tx.request_id = request_id
        account = _on_behalf_of(tx, endpoint, request)
        call = Call(tx, params, ids, request.path, browser, request.origin, account)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            _linger(fault)
            return self._after(fault, self._execute(endpoint, call, fault))
        with self.keys.hold(key):
            tx.idempotency_key = key
            return self._after(fault, self._once(endpoint, call, fault, given))

    def _once(self, endpoint: Endpoint, call: Call, fault: Rule | None, given: Obj) -> Response:
        """Do it now, or repeat the answer that this key already has."""
        key, print_ = call.tx.idempotency_key or "", fingerprint(endpoint.method, call.path, given)
        with self.lock:
            self.keys.prune(call.tx.now)
            stored = self.keys.answer(key, print_, call.tx.now)
        if stored:
            return json_response(
                stored["status"],
                stored["body"],
                {
                    "Idempotency-Key": key,
                    "Idempotent-Replayed": "true",
                    "Original-Request": stored["request_id"],
                },
            )
        _linger(fault)
        response = self._execute(endpoint, call, fault, print_)
        response.headers["Idempotency-Key"] = key
        return response

    def _execute(
        self, endpoint: Endpoint, call: Call, fault: Rule | None, print_: str = ""
    ) -> Response:
        """Run the endpoint; what it wrote and the answer to its key are kept in one step."""
        with self.lock:
            status, body = _run(endpoint, call)
            if fault and fault.kind == "error_saved":
                status, body = 500, _server_error("Something went wrong on the provider's side.")
            if print_:
                tx = call.tx
                keep(tx, tx.idempotency_key or "", print_, tx.request_id or "", status, body)
            self.commit(call.tx)
        return json_response(status, body)

    def _after(self, fault: Rule | None, response: Response) -> Response:
        if fault and fault.kind == "lose_response":
            raise Dropped
        return response

    def is_browser(self, request: Request) -> bool:
        """Whether the publishable key was given; raises 401 without a good key.

        https://docs.stripe.com/api/authentication
        """
        key = _key_of(request)
        if secrets.compare_digest(key, self.config.secret_key.encode()):
            return False
        if secrets.compare_digest(key, self.config.publishable_key.encode()):
            return True
        raise ApiError(
            401,
            "invalid_request_error",
            "Invalid API key provided." if key else "You did not provide an API key.",
            headers={"WWW-Authenticate": 'Basic realm="Stripe"'},
        )


def _run(endpoint: Endpoint, call: Call) -> tuple[int, Obj]:
    try:
        body = shown(endpoint.handler(call))
        expand(call.tx, body, call.params.get("expand", []))
    except ApiError as error:
        if not error.executed:
            raise
        return error.status, {"error": error.error}
    return 200, body


def _given(request: Request) -> Obj:
    """The parameters as sent: in the address, as a form (v1) or as JSON (v2)."""
    if request.method in ("GET", "DELETE"):
        return parse_form(request.query)
    if request.path.startswith("/v2/"):
        return json_object(request.body)
    try:
        given = parse_form(request.body.decode())
    except UnicodeDecodeError:
        raise invalid("The body is not UTF-8.") from None
    given.pop("key", None)
    return given


def json_object(body: bytes) -> Obj:
    """The JSON object in a body; nothing at all counts as an empty one."""
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        raise invalid("The body is not JSON.") from None
    if not isinstance(given, dict):
        raise invalid("The body is not a JSON object.")
    return given


def _on_behalf_of(tx: Transaction, endpoint: Endpoint, request: Request) -> str | None:
    """The connected account to act on: https://docs.stripe.com/connect/authentication"""
    account = request.headers.get("stripe-account")
    if account is None:
        return None
    if not endpoint.connect or tx.find(accounts.KIND, account) is None:
        raise ApiError(
            403,
            "invalid_request_error",
            f"There is no account {account}, or the sandbox does not model this call for it.",
            code="account_invalid",
        )
    return account


def _key_of(request: Request) -> bytes:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).split(b":")[0]
        except ValueError:
            return b""
    if scheme.lower() == "bearer":
        return value.strip().encode()
    return b""


def _strike_first(fault: Rule | None) -> None:
    """The faults that leave nothing done."""
    if fault is None:
        return
    if fault.kind == "lose_request":
        raise Dropped
    if fault.kind == "error_unsaved":
        raise ApiError(500, "api_error", "Something went wrong on the provider's side.")
    if fault.kind == "rate_limit":
        raise ApiError(429, "invalid_request_error", "Too many requests.", code="rate_limit")
    if fault.kind == "lock_timeout":
        raise ApiError(
            429,
            "invalid_request_error",
            "Another request is working on this object just now.",
            code="lock_timeout",
            headers={"Stripe-Should-Retry": "true"},
        )


def _linger(fault: Rule | None) -> None:
    if fault and fault.kind == "slow":
        time.sleep(fault.seconds)


def _server_error(message: str) -> Obj:
    return {"error": {"type": "api_error", "message": message}}
