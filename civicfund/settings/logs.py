"""Logs: one event a line on standard error, for a person to read or, as JSON, for a machine."""

from __future__ import annotations

import logging
import re
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from structlog.typing import EventDict, Processor

# The part of an address that opens a payment, a pledge or a complaint, switches mail off or
# invites: it lets in whoever has it.
_LINK = re.compile(
    r"(/pledges/pay/|/pledges/open/|/pledges/survey/|/mail/stop/|/projects/invitations/"
    r"|/complaint/link/)[^/\s'\"]+"
)


def _without_links(_: Any, __: str, event: EventDict) -> EventDict:
    """No log line lets its reader in."""
    for name in ("event", "request", "path"):
        if isinstance(event.get(name), str):
            event[name] = _LINK.sub(r"\1(hidden)", event[name])
    return event


class RefusedInOneLine(logging.Filter):
    """Who may not do something is no fault of the program: the line says so, and shows no code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; takes the traceback off a refusal."""
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        return True


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _without_links,
]


def logging_for(*, as_json: bool, level: str = "INFO") -> dict[str, Any]:
    """Django's ``LOGGING``, and structlog's events on the same way.

    Of libraries that tell of every call, only what is amiss is kept.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    }
    quiet = (
        "stripe",
        "fontTools",
        "celery.app.trace",
        "celery.beat",
        "celery.worker.strategy",
        "django_structlog.celery",
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "filters": {"refused": {"()": RefusedInOneLine}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": "WARNING"} for name in quiet}
        | {"django": {"level": level, "handlers": [], "propagate": True}}
        | {"django.request": {"filters": ["refused"]}},
    }
