"""Start the payment sandbox: ``python -m civicfund.payments.sandbox --help``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from civicfund.payments.sandbox.engine import Config
from civicfund.payments.sandbox.keys import (
    CONNECT_WEBHOOK_SECRET,
    PUBLISHABLE_KEY,
    SECRET_KEY,
    WEBHOOK_SECRET,
)
from civicfund.payments.sandbox.server import SandboxServer, say
from civicfund.payments.sandbox.webhooks import PAYLOADS
from civicfund.stopping import StopAsked


def main() -> int:
    """Run until SIGTERM or Ctrl-C; 1 and one sentence when it cannot start."""
    if os.environ.get("DEBUG", "").lower() not in ("1", "true"):
        return _refuse("The payment sandbox is for development: it runs only with DEBUG=1.")
    options = _options()
    keys = (options.secret_key, options.publishable_key)
    if not (keys[0].startswith("sk_test_") and keys[1].startswith("pk_test_")):
        return _refuse("The payment sandbox takes test keys only (sk_test_…, pk_test_…).")
    config = Config(
        state_dir=options.state_dir,
        secret_key=options.secret_key,
        publishable_key=options.publishable_key,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
        connect_url=options.connect_webhook_url,
        connect_secret=options.connect_webhook_secret,
        connect_payload=options.connect_payload,
        rate_limit=options.rate_limit,
        account_rate_limit=options.account_rate_limit,
    )
    stop = StopAsked()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, frame: stop.set())
    try:
        server = SandboxServer(options.port, config)
    except OSError as error:
        return _refuse(f"The payment sandbox cannot start: {error.strerror or error}.")
    say(f"Payment sandbox at {server.url}")
    server.run(stop)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m civicfund.payments.sandbox",
        description="A Stripe-speaking server for development. No real money.",
    )
    parser.add_argument("--port", type=int, default=12111, help="0 takes any free port")
    parser.add_argument("--state-dir", type=Path, required=True, help="where its memory is kept")
    parser.add_argument("--webhook-url", default="", help="where events are sent")
    parser.add_argument(
        "--connect-webhook-url", default="", help="where events of connected accounts are sent"
    )
    parser.add_argument(
        "--connect-payload", choices=PAYLOADS, default="thin", help="which events those are"
    )
    for option, variable, fallback in (
        ("--webhook-secret", "STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("--connect-webhook-secret", "STRIPE_CONNECT_WEBHOOK_SECRET", CONNECT_WEBHOOK_SECRET),
        ("--secret-key", "STRIPE_SECRET_KEY", SECRET_KEY),
        ("--publishable-key", "STRIPE_PUBLISHABLE_KEY", PUBLISHABLE_KEY),
    ):
        default = os.environ.get(variable) or fallback
        parser.add_argument(option, default=default, help=f"or the variable {variable}")
    parser.add_argument(
        "--rate-limit", type=int, default=25, help="requests per second and endpoint; 0: no limit"
    )
    parser.add_argument(
        "--account-rate-limit", type=int, default=0, help="requests per second; 0: no limit"
    )
    return parser.parse_args()


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
