"""Rate limits: https://docs.stripe.com/rate-limits

Each endpoint has its own limit, and the account has one over all of them.
"""

from __future__ import annotations

import time
from collections import deque
from threading import Lock

from civicfund.payments.sandbox.errors import ApiError

WINDOW_SECONDS = 1.0
# Where all requests are counted, beside those of each endpoint.
WHOLE_ACCOUNT = ""


class Limiter:
    """At most so many requests in any one second; 0 means without limit."""

    def __init__(self, per_endpoint: int, per_account: int) -> None:
        self.per_endpoint = per_endpoint
        self.per_account = per_account
        self.highest: dict[str, int] = {}
        self._times: dict[str, deque[float]] = {}
        self._lock = Lock()

    def take(self, name: str) -> None:
        """Count one request to an endpoint, or refuse it with a 429."""
        now = time.monotonic()
        with self._lock:
            endpoint, account = self._recent(name, now), self._recent(WHOLE_ACCOUNT, now)
            if 0 < self.per_endpoint <= len(endpoint):
                raise _too_many("endpoint-rate", f"{name} took {len(endpoint)} in a second")
            if 0 < self.per_account <= len(account):
                raise _too_many("global-rate", f"the account took {len(account)} in a second")
            for key, times in ((name, endpoint), (WHOLE_ACCOUNT, account)):
                times.append(now)
                self.highest[key] = max(self.highest.get(key, 0), len(times))

    def _recent(self, name: str, now: float) -> deque[float]:
        times = self._times.setdefault(name, deque())
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return times


def _too_many(reason: str, message: str) -> ApiError:
    return ApiError(
        429,
        "invalid_request_error",
        f"Request rate limit exceeded: {message}.",
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
    )
