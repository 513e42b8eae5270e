"""The knobs: what tests and the demo may do to the sandbox and Stripe could not be asked to do.

All under ``/sandbox/``, JSON in and out, with the secret key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import urlsplit

from civicfund.payments.sandbox import (
    disputes,
    payment_intents,
    payouts,
    refunds,
    setup_intents,
)
from civicfund.payments.sandbox.accounts import set_status
from civicfund.payments.sandbox.cards import DECLINES
from civicfund.payments.sandbox.engine import Engine, Request, Response, json_object, json_response
from civicfund.payments.sandbox.errors import ApiError, invalid, missing
from civicfund.payments.sandbox.event_log import told
from civicfund.payments.sandbox.shapes import Obj, shown
from civicfund.payments.sandbox.store import THIN, Transaction, new_id
from civicfund.payments.sandbox.webhooks import Deliverer

LOOPBACK = ("127.0.0.1", "localhost")
FINISH = {
    "setup_intent": setup_intents.finish_authentication,
    "payment_intent": payment_intents.finish_authentication,
}
STALE_SECONDS = 3600


class Control:
    """One method per knob; ``handle`` finds it by the last part of the path."""

    def __init__(self, engine: Engine, deliverer: Deliverer) -> None:
        self.engine = engine
        self.deliverer = deliverer
        self.knobs: dict[str, Callable[[Obj], Obj]] = {
            "account": self.account,
            "authenticate": self.authenticate,
            "card": self.card,
            "clock": self.clock,
            "dispute": self.dispute,
            "faults": self.faults,
            "forge": self.forge,
            "limits": self.limits,
            "payout": self.payout,
            "refunds": self.refunds,
            "resend": self.resend,
            "reset": self.reset,
            "settle": self.settle,
            "state": self.state,
            "webhooks": self.webhooks,
        }

    def handle(self, request: Request) -> Response:
        """Turn the knob that the path names."""
        try:
            if self.engine.is_browser(request):
                raise ApiError(401, "invalid_request_error", "The knobs need the secret key.")
            name = request.path.removeprefix("/sandbox/")
            if name not in self.knobs or request.method != "POST":
                raise ApiError(404, "invalid_request_error", f"No such knob: {name}.")
            return json_response(200, self.knobs[name](json_object(request.body)))
        except ApiError as error:
            return json_response(error.status, {"error": error.error})
        except (TypeError, ValueError) as error:
            told = invalid(f"Not a value for this knob: {error}")
            return json_response(told.status, {"error": told.error})

    def reset(self, given: Obj) -> Obj:
        """Forget everything, and turn every knob back; the webhook address stays."""
        self.engine.reset()
        self.deliverer.forget()
        fresh: Obj = {
            "connect_payload": "thin", "delay_seconds": 0.0, "drop": 0.0, "duplicate": 0.0,
            "paused": False, "reorder_seconds": 0.0, "seed": 0,
        }  # fmt: skip
        self.deliverer.set(fresh)
        return {}

    def clock(self, given: Obj) -> Obj:
        """Move the clock by ``advance`` seconds, or to an ``offset`` from the machine's."""
        with self.engine.lock:
            clock = self.engine.clock
            offset = float(given.get("offset", clock.offset_seconds)) + float(
                given.get("advance", 0)
            )
            if offset < clock.offset_seconds:
                raise invalid("The clock only moves forward.", param="offset")
            clock.offset_seconds = offset
            tx = self.engine.transaction()
            tx.add("_settings", {"id": "clock", "offset_seconds": offset})
            self.engine.commit(tx)
        self.engine.tick()
        self.deliverer.wake()
        return {"now": clock.now(), "offset": offset}

    def faults(self, given: Obj) -> Obj:
        """Put ``rules`` in force, or none; answers how often each kind has struck so far."""
        struck = dict(self.engine.faults.struck)
        if "rules" in given:
            self.engine.faults.set(given["rules"], int(given.get("seed", 0)))
        return {"struck": struck}

    def limits(self, given: Obj) -> Obj:
        """Set the requests per second; answers the most that any second since saw, by endpoint."""
        limiter = self.engine.limiter
        if given:
            limiter.highest.clear()
        limiter.per_endpoint = int(given.get("per_endpoint", limiter.per_endpoint))
        limiter.per_account = int(given.get("per_account", limiter.per_account))
        return {
            "per_endpoint": limiter.per_endpoint,
            "per_account": limiter.per_account,
            "highest": dict(limiter.highest),
        }

    def webhooks(self, given: Obj) -> Obj:
        """Where events go and what happens to them on their way; answers all knobs."""
        for name in ("url", "connect_url"):
            url = urlsplit(given.get(name, ""))
            if url.netloc and (url.hostname not in LOOPBACK or url.scheme != "http"):
                raise invalid("The sandbox sends events to this machine only.", param=name)
        self.deliverer.set(given)
        return asdict(self.deliverer.knobs) | {"idle": self.deliverer.idle()}

    def resend(self, given: Obj) -> Obj:
        """Send ``events`` (ids) again, or all that were not delivered."""
        with self.engine.lock:
            rows = self.engine.store.table("_delivery").values()
            undelivered = [row["id"] for row in rows if row["state"] != "delivered"]
        chosen = given.get("events", undelivered)
        self.deliverer.resend(chosen)
        return {"events": chosen}

    def forge(self, given: Obj) -> Obj:
        """Send an event that must be refused; answers the endpoint's status.

        ``how`` is ``signature`` (signed with another secret) or ``stale`` (signed an hour ago);
        without ``event`` it is like the latest one, or with ``thin`` like the latest thin one.
        """
        event = given.get("event") or self._latest_event(THIN if given.get("thin") else "event")
        if given.get("how", "signature") == "stale":
            return {"status": self.deliverer.post(event, at=time.time() - STALE_SECONDS)}
        return {"status": self.deliverer.post(event, secret=new_id("whsec"))}

    def account(self, given: Obj) -> Obj:
        """Set a connected account's transfers capability to ``status``."""
        return self._do(lambda tx: set_status(tx, _text(given, "account"), _text(given, "status")))

    def authenticate(self, given: Obj) -> Obj:
        """Do what the payer does on the issuer's page: ``outcome`` is complete or fail."""
        intent, outcome = _text(given, "intent"), _text(given, "outcome")
        return self._do(lambda tx: finish(tx, _pending(tx, intent), outcome))

    def card(self, given: Obj) -> Obj:
        """Let a saved card's charges end in ``outcome`` from now on; ``renewed`` says so aloud.

        An outcome is ``succeed``, ``processing`` or a decline.
        """
        return self._do(lambda tx: _change_card(tx, given))

    def dispute(self, given: Obj) -> Obj:
        """Open a dispute of a ``charge``, of an ``amount`` of it or of all that is left; or decide
        a ``dispute``: ``outcome`` is won or lost.
        """
        if "dispute" in given:
            identifier, outcome = _text(given, "dispute"), _text(given, "outcome")
            if outcome not in ("won", "lost"):
                raise invalid("outcome is won or lost.", param="outcome")
            return self._do(
                lambda tx: disputes.end(
                    tx, _known(tx, disputes.KIND, identifier), won=outcome == "won"
                )
            )
        charge, reason = _text(given, "charge"), given.get("reason", "fraudulent")
        if reason not in disputes.REASONS:
            raise invalid(f"A reason is one of {', '.join(disputes.REASONS)}.", param="reason")
        return self._do(
            lambda tx: disputes.open_dispute(
                tx, _known(tx, "charge", charge), reason, given.get("amount")
            )
        )

    def payout(self, given: Obj) -> Obj:
        """Make an automatic payout of all available ``currency``, or let a ``payout`` fail."""
        if "payout" in given:
            identifier = _text(given, "payout")
            return self._do(lambda tx: payouts.fail(tx, _known(tx, payouts.KIND, identifier)))
        return self._do(lambda tx: payouts.make_automatic(tx, _text(given, "currency")))

    def refunds(self, given: Obj) -> Obj:
        """With ``covered_only``, a refund waits until the balance holds its money."""
        setting = {"id": refunds.SETTING, "covered_only": bool(given.get("covered_only"))}
        return self._do(lambda tx: tx.add("_settings", setting))

    def settle(self, given: Obj) -> Obj:
        """End a processing payment ``intent``: ``outcome`` is succeed or a decline."""
        outcome = _text(given, "outcome")
        if outcome != "succeed" and outcome not in DECLINES:
            raise invalid(f"outcome is succeed or one of {', '.join(DECLINES)}.", param="outcome")
        return self._do(
            lambda tx: payment_intents.settle(
                tx, _known(tx, payment_intents.KIND, _text(given, "intent")), DECLINES.get(outcome)
            )
        )

    def state(self, given: Obj) -> Obj:
        """How many objects of each kind there are."""
        with self.engine.lock:
            tables = self.engine.store.tables
            return {kind: len(rows) for kind, rows in tables.items() if not kind.startswith("_")}

    def _do(self, act: Callable[[Transaction], Obj]) -> Obj:
        """One change to the account, kept as a request's would be."""
        with self.engine.lock:
            tx = self.engine.transaction()
            changed = act(tx)
            self.engine.commit(tx)
        return shown(changed)

    def _latest_event(self, kind: str) -> Obj:
        with self.engine.lock:
            tx = self.engine.transaction()
            for event in tx.newest_first(kind):
                return told(tx, event["id"]) or event
        raise invalid("There is no event yet to forge a copy of.", param="event")


def finish(tx: Transaction, nonce: str, outcome: str) -> Obj:
    """Bring a waiting authentication to its end; raises when it is not waiting any more."""
    if outcome not in ("complete", "fail"):
        raise invalid("outcome is complete or fail.", param="outcome")
    waiting = tx.find("_authentication", nonce)
    intent = tx.find(waiting["kind"], waiting["intent"]) if waiting else None
    if waiting is None or intent is None:
        raise missing("authentication", nonce)
    if intent["status"] != "requires_action" or intent["_authentication"] != nonce:
        raise invalid("This authentication is over.", code="authentication_over")
    return FINISH[waiting["kind"]](tx, intent["id"], passed=outcome == "complete")


def _change_card(tx: Transaction, given: Obj) -> Obj:
    outcome = given.get("outcome")
    outcomes = ("succeed", payment_intents.PROCESSING, *DECLINES)
    if outcome not in outcomes:
        raise invalid(f"outcome is one of {', '.join(outcomes)}.", param="outcome")
    method = tx.edit("payment_method", _known(tx, "payment_method", _text(given, "payment_method")))
    method["_outcome"] = outcome
    if given.get("renewed"):
        # https://docs.stripe.com/payments/cards/overview: networks tell Stripe of new cards
        method["card"]["exp_year"] += 3
        tx.emit("payment_method.automatically_updated", method)
    return method


def _known(tx: Transaction, kind: str, identifier: str) -> str:
    if tx.find(kind, identifier) is None:
        raise missing(kind, identifier)
    return identifier


def _text(given: Obj, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"{name} is missing.", param=name)
    return value


def _pending(tx: Transaction, identifier: str) -> str:
    for kind in FINISH:
        intent = tx.find(kind, identifier)
        if intent is not None:
            return str(intent.get("_authentication", ""))
    raise missing("intent", identifier)
