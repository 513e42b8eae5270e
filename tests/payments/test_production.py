"""Production settings are imported in a process of their own: they refuse by not starting."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COMPLETE = {
    "SECRET_KEY": "x" * 60,
    "ALLOWED_HOSTS": "example.org",
    "SITE_URL": "https://example.org",
    "TRUSTED_PROXIES": "1",
    "COMPLAINTS_ADDRESS": "complaints@town.example.org",
    "DATABASE_URL": "postgresql://app@127.0.0.1/civicfund",
    "MIGRATE_DATABASE_URL": "postgresql://owner@127.0.0.1/civicfund",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_2",
    "PERSON_KEY_SECRET": "y" * 60,
    "SLOT_KEYS": "/srv/civicfund/slot-keys",
    "RESIDENCE_DOCUMENTS": "/srv/civicfund/residence-documents",
    "RESIDENCE_DOCUMENT_KEY": "0123456789abcdef" * 4,
}


def start(**given):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import civicfund.settings.production"],
        env=kept | COMPLETE | given, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_it_starts_with_all_that_it_needs():
    assert start().stderr == ""


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET"),
        ({"STRIPE_WEBHOOK_SECRET": "  "}, "anyone could forge an event"),
        ({"RESIDENCE_DOCUMENTS": ""}, "RESIDENCE_DOCUMENTS"),
        ({"TRUSTED_PROXIES": ""}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "-1"}, "0 or more"),
        ({"RESIDENCE_DOCUMENT_KEY": "short"}, "not 64 hexadecimal digits"),
        ({"STRIPE_CONNECT_WEBHOOK_SECRET": ""}, "STRIPE_CONNECT_WEBHOOK_SECRET"),
        ({"STRIPE_CONNECT_WEBHOOK_SECRET": " "}, "anyone could forge an event"),
        ({"STRIPE_SECRET_KEY": "sk_test_1"}, "STRIPE_SECRET_KEY is a test key"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:12111"}, "points at the payment sandbox"),
    ],
)
def test_it_refuses_what_is_not_safe(given, reason):
    refused = start(**given)
    assert refused.returncode != 0
    assert reason in refused.stderr


def test_a_rehearsal_with_test_keys_says_so():
    keys = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1"}
    assert start(**keys, STRIPE_LIVE="false").stderr == ""
