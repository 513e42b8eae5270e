"""The sweep that sends mail."""

from __future__ import annotations

from celery import shared_task

from civicfund.notices.services import send_next

MOST_PER_RUN = 200


@shared_task
def send_due_messages() -> None:
    """Send what is due, oldest first; what is left waits for the next sweep."""
    for _ in range(MOST_PER_RUN):
        if not send_next():
            return
