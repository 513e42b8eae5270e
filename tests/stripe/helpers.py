"""The few lines that most payment tests begin with."""

from __future__ import annotations

import http.server
import threading
import time
from uuid import uuid4

import stripe

HERE = {"enabled": True, "allow_redirects": "never"}
RECIPIENT = {
    "contact_email": "owner@example.org",
    "display_name": "Garden",
    "dashboard": "express",
    "configuration": {
        "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
    },
    "defaults": {
        "responsibilities": {"fees_collector": "application", "losses_collector": "application"}
    },
    "identity": {"country": "us", "entity_type": "company"},
    "include": ["configuration.recipient"],
}


def sandbox_client(process, **options) -> stripe.StripeClient:
    return stripe.StripeClient(process.secret_key, base_addresses={"api": process.url}, **options)


def save_card(client, card="pm_card_visa"):
    """A customer with a saved card: (customer id, payment method id)."""
    customer = client.v1.customers.create({"email": f"{uuid4().hex}@example.org"})
    intent = client.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": card,
            "confirm": True,
            "automatic_payment_methods": HERE,
        }
    )
    assert intent.status == "succeeded"
    return customer.id, intent.payment_method


def new_payment(client, customer, method, amount=2500, **more):
    return client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "automatic_payment_methods": HERE,
            **more,
        }
    )


def charge(client, card="pm_card_visa", amount=2500, **more):
    """A payment intent that has succeeded off-session, its charge expanded."""
    customer, method = save_card(client, card)
    intent = new_payment(client, customer, method, amount, **more)
    return client.v1.payment_intents.confirm(
        intent.id, {"off_session": True, "expand": ["latest_charge.balance_transaction"]}
    )


def status_of(account):
    return account.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status


class Receiver:
    """A webhook endpoint that writes down what it is sent and answers as told."""

    def __init__(self, statuses=()):
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.statuses = list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((dict(self.headers.items()), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def events(self, secret):
        """What came, in the order of its coming, each signature checked by the SDK."""
        return [
            stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)
            for headers, body in self.received
        ]

    def types(self, secret):
        return [event.type for event in self.events(secret)]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def wait_until(true, seconds=60.0):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
