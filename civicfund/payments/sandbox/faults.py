"""Faults on demand: what a network and a provider can do to a request.

The kinds, with what has happened to the money when the caller sees the fault:
``lose_request`` (connection cut, nothing done), ``lose_response`` (all done, connection cut),
``error_unsaved`` (500, nothing done, key still free), ``error_saved`` (500, all done, and the
500 stays the answer to its idempotency key), ``rate_limit`` and ``lock_timeout`` (429, nothing
done) and ``slow`` (answered after a while, its key in use meanwhile).
https://docs.stripe.com/error-low-level and https://docs.stripe.com/rate-limits#object-lock-timeouts
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from threading import Lock

from civicfund.payments.sandbox.errors import invalid
from civicfund.payments.sandbox.shapes import Obj

KINDS = (
    "lose_request", "lose_response", "error_unsaved", "error_saved", "rate_limit", "lock_timeout",
    "slow",
)  # fmt: skip


class Dropped(Exception):  # noqa: N818 - not an error of ours: the connection is cut on purpose
    """Close the connection without an answer."""


@dataclass
class Rule:
    """When to strike: on which requests, how often, how many times."""

    kind: str
    method: str = "POST"
    path: str = "/v1/"
    probability: float = 1.0
    times: int | None = None
    seconds: float = 1.0

    def fits(self, method: str, path: str) -> bool:
        """Whether this rule is about such a request."""
        return method == self.method and self.times != 0 and bool(re.search(self.path, path))


class Faults:
    """The rules in force. Chance comes from a seed, so that a run can be repeated."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.struck: dict[str, int] = {}
        self._random = random.Random(0)  # noqa: S311 - chance for tests, no secret
        self._lock = Lock()

    def set(self, rules: list[Obj], seed: int) -> None:
        """Put these rules in place of the ones before."""
        made = []
        for given in rules:
            try:
                rule = Rule(**given)
                re.compile(rule.path)
                rule.probability, rule.seconds = float(rule.probability), float(rule.seconds)
                rule.times = None if rule.times is None else int(rule.times)
            except (TypeError, ValueError, re.error) as error:
                raise invalid(f"Not a fault: {error}", param="rules") from error
            if rule.kind not in KINDS:
                raise invalid(f"A fault is one of {', '.join(KINDS)}.", param="rules")
            made.append(rule)
        with self._lock:
            self.rules = made
            self.struck = {}
            self._random.seed(seed)

    def draw(self, method: str, path: str) -> Rule | None:
        """The fault that strikes this request, if one does."""
        with self._lock:
            for rule in self.rules:
                if rule.fits(method, path) and self._random.random() < rule.probability:
                    if rule.times is not None:
                        rule.times -= 1
                    self.struck[rule.kind] = self.struck.get(rule.kind, 0) + 1
                    return rule
        return None
