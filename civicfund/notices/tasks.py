"""The sweep that sends mail."""

from __future__ import annotations

import time

from celery import shared_task

from civicfund.notices.services import send_next
from civicfund.turns import Work, alone_at

# Less than the time between two sweeps.
LONGEST_RUN_SECONDS = 4.0


@shared_task
def send_due_messages() -> None:
    """Send what is due, oldest first; what is left waits for the next sweep.

    One worker at a time, and not for long: a mail server that is slow or away must not keep the
    others from money and votes.
    """
    with alone_at(Work.MAIL) as alone:
        until = time.monotonic() + LONGEST_RUN_SECONDS
        while alone and send_next() and time.monotonic() < until:
            pass
