"""Tests: the same parts, with cheap passwords and no waiting."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from civicfund.settings.base import *  # noqa: F403
from civicfund.settings.base import CACHES, env
from civicfund.settings.base import REDIS_URL as GIVEN_REDIS_URL
from civicfund.settings.logs import logging_for

SECRET_KEY = "for-tests-only"  # noqa: S105
PERSON_KEY_SECRET = "for-tests-only-too"  # noqa: S105

# A Redis database for each test process, as each has its PostgreSQL database: a worker that one of
# them starts would else take the other's tasks, find none of their rows, and end quietly.
_redis, _process = urlsplit(GIVEN_REDIS_URL), env.str("PYTEST_XDIST_WORKER", "")
if _process and _redis.path in ("", "/0"):
    _redis = _redis._replace(path=f"/{_process.removeprefix('gw')}")
REDIS_URL = CELERY_BROKER_URL = urlunsplit(_redis)
CACHES["default"]["LOCATION"] = REDIS_URL
OPEN_CYCLE_KEPT_SECONDS = env.float("OPEN_CYCLE_KEPT_SECONDS", 0.0)  # and so does a ballot
PAGES_KEPT_SECONDS = env.int("PAGES_KEPT_SECONDS", 0)  # a page tells at once what a test has done

SLOT_KEYS = env.str("SLOT_KEYS", "") or str(Path(tempfile.gettempdir()) / "civicfund-slot-keys")
Path(SLOT_KEYS).mkdir(mode=0o700, parents=True, exist_ok=True)
RESIDENCE_DOCUMENTS = str(Path(tempfile.gettempdir()) / "civicfund-residence-documents")
RESIDENCE_DOCUMENT_KEY = "7e57" * 16
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CLOSING_GRACE_SECONDS = 0
LOGGING = logging_for(as_json=False)
# As fast as the sandbox answers; tests of the pacing turn it on.
PROVIDER_CALLS_PER_ENDPOINT = env.int("PROVIDER_CALLS_PER_ENDPOINT", 0)
PROVIDER_CALLS_IN_ALL = env.int("PROVIDER_CALLS_IN_ALL", 1_000_000)
