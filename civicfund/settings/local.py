"""`make run`: one machine, embedded servers, a made-up town, mail kept in a local mailbox."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

_LOCAL_DIR = Path(__file__).resolve().parent.parent.parent / ".local"


def _read_running_environment() -> None:
    """Let a command in another terminal find the servers that `make run` has started."""
    running = _LOCAL_DIR / "env"
    if running.exists():
        for line in running.read_text().splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)


_read_running_environment()

from civicfund.settings.base import *  # noqa: E402, F403 -- reads the environment set just above
from civicfund.settings.base import env  # noqa: E402
from civicfund.settings.logs import logging_for  # noqa: E402

DEBUG = True
SECRET_KEY = os.environ.get("SECRET_KEY") or "local-only-not-a-secret"
PERSON_KEY_SECRET = os.environ.get("PERSON_KEY_SECRET") or "local-only-not-a-secret-either"
SLOT_KEYS = os.environ.get("SLOT_KEYS") or str(_LOCAL_DIR / "slot-keys")
Path(SLOT_KEYS).mkdir(mode=0o700, parents=True, exist_ok=True)
RESIDENCE_DOCUMENTS = os.environ.get("RESIDENCE_DOCUMENTS") or str(
    _LOCAL_DIR / "residence-documents"
)
RESIDENCE_DOCUMENT_KEY = os.environ.get("RESIDENCE_DOCUMENT_KEY") or "10ca1" * 12 + "0000"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # collecting and compressing at start-up takes 13 seconds
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = _LOCAL_DIR / "mail"
CLOSING_GRACE_SECONDS = 5
LOGGING = logging_for(as_json=False)


def _holidays_of_the_demo(years: range) -> list[str]:
    """Made up, as the town is: no calendar has them. One moves: the first Monday of May."""
    days = []
    for year in years:
        may = date(year, 5, 1)
        moving = may + timedelta(days=-may.weekday() % 7)
        days += [date(year, 1, 1), moving, date(year, 8, 24), date(year, 12, 27)]
    return [day.isoformat() for day in days]


_YEAR = datetime.now(UTC).year
PUBLIC_HOLIDAYS = env.list("PUBLIC_HOLIDAYS", _holidays_of_the_demo(range(_YEAR - 1, _YEAR + 4)))
