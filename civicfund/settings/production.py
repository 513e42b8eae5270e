"""Production: refuses to start without its secrets, with test keys, or with the sandbox."""

from __future__ import annotations

import re

from django.core.exceptions import ImproperlyConfigured

from civicfund.settings.base import *  # noqa: F403
from civicfund.settings.base import env

_REQUIRED = (
    "SECRET_KEY",
    "PERSON_KEY_SECRET",
    "SLOT_KEYS",
    "RESIDENCE_DOCUMENTS",
    "RESIDENCE_DOCUMENT_KEY",
    "ALLOWED_HOSTS",
    "SITE_URL",
    "TRUSTED_PROXIES",
    "COMPLAINTS_ADDRESS",
    "DATABASE_URL",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "STRIPE_SECRET_KEY",
    "STRIPE_PUBLISHABLE_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "STRIPE_CONNECT_WEBHOOK_SECRET",
)
_missing = [name for name in _REQUIRED if not env.str(name, "")]
if _missing:
    raise ImproperlyConfigured(f"Set these before starting in production: {', '.join(_missing)}.")
if env.str("STRIPE_API_BASE", ""):
    raise ImproperlyConfigured("STRIPE_API_BASE points at the payment sandbox; unset it.")

STRIPE_LIVE = env.bool("STRIPE_LIVE", True)
if STRIPE_LIVE and not env.str("STRIPE_SECRET_KEY").startswith(("sk_live_", "rk_live_")):
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY is a test key; set STRIPE_LIVE=false if this is a rehearsal."
    )
for _secret in ("STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET"):
    if not env.str(_secret).strip():
        raise ImproperlyConfigured(f"{_secret} is blank: anyone could forge an event.")
if not re.fullmatch("[0-9a-f]{64}", env.str("RESIDENCE_DOCUMENT_KEY")):
    raise ImproperlyConfigured("RESIDENCE_DOCUMENT_KEY is not 64 hexadecimal digits.")

if env.int("TRUSTED_PROXIES") < 0:
    raise ImproperlyConfigured("TRUSTED_PROXIES is how many stand before the site: 0 or more.")

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
