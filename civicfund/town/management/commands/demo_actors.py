"""Do what people do in the made-up town: vote, pledge, certify, publish."""

from __future__ import annotations

import signal
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from civicfund.stopping import StopAsked
from civicfund.town.demo.actors import STEPS

log = structlog.get_logger(__name__)

SECONDS_BETWEEN_ROUNDS = 5


class Command(BaseCommand):
    """Labelled demo accounts act through the same services as everyone; none has a bypass."""

    help = __doc__

    def handle(self, **options: Any) -> None:
        """Act until told to stop. Refused where DEBUG is off."""
        if not settings.DEBUG:
            raise CommandError("Demo actors act only in a local try-out (DEBUG is off).")
        stopped = StopAsked()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        while not stopped.wait(SECONDS_BETWEEN_ROUNDS):
            for step in STEPS:
                if not stopped.is_set():
                    self.act(step)

    def act(self, step: Any) -> None:
        """One step. An actor that stumbles is logged, and tries again in the next round."""
        close_old_connections()
        try:
            step()
        except Exception:
            log.exception("demo_actor.stumbled", step=step.__name__)
