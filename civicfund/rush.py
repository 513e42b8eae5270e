"""A rush for one campaign leaves the rest of the site to everybody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_PLEDGING = re.compile(r"^/campaigns/(\d+)/pledge/$")
COME_BACK_SECONDS = 3


@dataclass
class _Turn:
    """How many are inside for one campaign; of them, so many are served at once."""

    inside: int = 0
    served: BoundedSemaphore = field(
        default_factory=lambda: BoundedSemaphore(settings.RUSH_AT_ONCE)
    )


class RoomForOthers:
    """Middleware: in each process, pledging to one campaign has at most ``RUSH_AT_ONCE`` threads at
    work and as many waiting. Whoever comes beyond that is asked to come back, with all they sent.

    It stands before whatever asks a server, so that sending many away costs next to nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._lock = Lock()
        self._turns: dict[str, _Turn] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, at once or after a short wait, or say when to come back."""
        found = _PLEDGING.match(request.path_info)
        if found is None:
            return self._get_response(request)
        turn = self._enter(found[1])
        if turn is None:
            return _come_back(request)
        try:
            with turn.served:
                return self._get_response(request)
        finally:
            self._leave(found[1])

    def _enter(self, campaign: str) -> _Turn | None:
        with self._lock:
            turn = self._turns.get(campaign) or _Turn()
            if turn.inside >= 2 * settings.RUSH_AT_ONCE:
                return None
            turn.inside += 1
            self._turns[campaign] = turn
            return turn

    def _leave(self, campaign: str) -> None:
        with self._lock:
            turn = self._turns[campaign]
            turn.inside -= 1
            if turn.inside == 0:
                del self._turns[campaign]


def _come_back(request: HttpRequest) -> HttpResponse:
    """Nothing is lost: the page holds what was sent, and sends it again."""
    sent = [(name, value) for name, values in request.POST.lists() for value in values]
    response = render(
        None, "busy.html", {"sent": sent, "is_form": request.method == "POST"}, status=503
    )
    response["Retry-After"] = str(COME_BACK_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
