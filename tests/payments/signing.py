"""Webhooks signed as Stripe signs them, computed here and not by the SDK that checks them."""

from __future__ import annotations

import hmac
import time


def signed(payload: str, secret: str, at: float | None = None) -> str:
    moment = int(at if at is not None else time.time())
    digest = hmac.new(secret.encode(), f"{moment}.{payload}".encode(), "sha256").hexdigest()
    return f"t={moment},v1={digest}"
