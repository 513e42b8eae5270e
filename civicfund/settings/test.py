"""Tests: the same parts, with cheap passwords and no waiting."""

from __future__ import annotations

import tempfile
from pathlib import Path

from civicfund.settings.base import *  # noqa: F403
from civicfund.settings.base import env
from civicfund.settings.logs import logging_for

SECRET_KEY = "for-tests-only"  # noqa: S105
PERSON_KEY_SECRET = "for-tests-only-too"  # noqa: S105
SLOT_KEYS = env.str("SLOT_KEYS", "") or str(Path(tempfile.gettempdir()) / "civicfund-slot-keys")
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
