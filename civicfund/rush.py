"""A rush for one campaign leaves the rest of the site to everybody else."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TURN = "turn"
_PLEDGING = re.compile(r"^/campaigns/(\d+)/pledge/$")
_SALT = "civicfund.rush"
# Turns are as many times further apart as one keeps a processor busy, so that others, and the
# database, have most of it. (By the clock, those served in the first stampede would take seconds.)
_APART = 12.0
# Whose turn has come and who finds no room comes back that soon.
_SOONEST_SECONDS = 0.5
# Nobody is told to wait longer at a time: people give up, and the line may have got shorter.
_LONGEST_TOLD_SECONDS = 60
# No turn is further away. In a line longer than that, who is last comes when there is room.
_FURTHEST_SECONDS = 300
# A turn that has come is good for the steps that follow it: to choose, to agree.
_GOOD_FOR_SECONDS = 900
# What one request is taken to need before any was measured, and how much the last one tells.
_FIRST_GUESS_SECONDS, _LAST_TELLS = 0.015, 0.1


@dataclass
class _Line:
    """Who is inside for one campaign, in one process, and when the last turn is."""

    inside: int = 0
    takes: float = _FIRST_GUESS_SECONDS  # of a processor for one request, the last weighing most
    last_turn: float = 0  # seconds since the epoch
    served: BoundedSemaphore = field(
        default_factory=lambda: BoundedSemaphore(settings.RUSH_AT_ONCE)
    )

    @property
    def has_room(self) -> bool:
        """Whether one more may come in, to be served or to wait for a thread."""
        return self.inside < 2 * settings.RUSH_AT_ONCE

    def is_over(self, now: float) -> bool:
        """Nobody is inside, and the last turn has come."""
        return self.inside == 0 and self.last_turn <= now

    def next_turn(self, now: float) -> float:
        """The turn behind all that were given."""
        self.last_turn = max(self.last_turn, now) + _APART * self.takes
        self.last_turn = min(self.last_turn, now + _FURTHEST_SECONDS)
        return self.last_turn


class RoomForOthers:
    """Middleware: in each process, pledging to one campaign has at most ``RUSH_AT_ONCE`` threads at
    work and as many waiting. Whoever comes beyond that is given a turn, as far apart from the one
    before as the process can bear; until the last turn has come, newcomers stand behind it.

    A turn is a signed field of the page that says to wait, and is good in every process.

    It stands before whatever asks a server, so that sending many away costs next to nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._lock = Lock()
        self._lines: dict[str, _Line] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, at once or after a short wait, or say when one's turn is."""
        found = _PLEDGING.match(request.path_info)
        if found is None:
            return self._get_response(request)
        campaign, now = found[1], time.time()
        given = request.POST.get(TURN) or request.GET.get(TURN, "")
        turn = _instant_of(given, campaign, now)
        refused_until = self._enter(campaign, turn, now)
        if refused_until is not None:
            return _come_back(request, campaign, refused_until, now)
        # The pages of the next steps hold it too, so that nobody queues for each step anew.
        request.turn = given  # type: ignore[attr-defined]
        began = time.thread_time()
        try:
            with self._lines[campaign].served:
                return self._get_response(request)
        finally:
            self._leave(campaign, time.thread_time() - began)

    def _enter(self, campaign: str, turn: float | None, now: float) -> float | None:
        """Let in (None), or the instant of the turn to come back at."""
        with self._lock:
            line = self._lines.get(campaign)
            if line is None or line.is_over(now):
                line = self._lines[campaign] = _Line()
            may_come = line.last_turn <= now if turn is None else turn <= now
            if may_come and line.has_room:
                line.inside += 1
                return None
            return line.next_turn(now) if turn is None else turn

    def _leave(self, campaign: str, took: float) -> None:
        now = time.time()
        with self._lock:
            line = self._lines[campaign]
            line.inside -= 1
            line.takes += _LAST_TELLS * (took - line.takes)
            if line.is_over(now):
                del self._lines[campaign]


def _instant_of(given: str, campaign: str, now: float) -> float | None:
    """The instant of a turn given before; none if forged, old or another's."""
    try:
        of, turn = signing.loads(given, salt=_SALT)
    except signing.BadSignature:
        return None
    if of != campaign or turn + _GOOD_FOR_SECONDS < now:
        return None
    return float(turn)


def _come_back(request: HttpRequest, campaign: str, turn: float, now: float) -> HttpResponse:
    """Nothing is lost: the page holds what was sent, and sends it when the turn has come."""
    is_form = request.method == "POST"
    sent = request.POST if is_form else request.GET
    wait = min(max(_SOONEST_SECONDS, turn - now), _LONGEST_TOLD_SECONDS)
    seconds = math.ceil(wait)
    context = {
        "sent": [(name, one) for name, all_ in sent.lists() if name != TURN for one in all_],
        "is_form": is_form,
        "turn": signing.dumps((campaign, round(turn, 3)), salt=_SALT),
        "seconds": seconds,
        "exactly": round(wait, 3),  # in whole seconds, all of one second would come at once
    }
    response = render(None, "busy.html", context, status=503)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response
