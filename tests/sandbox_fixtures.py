"""The payment sandbox as a real process, for any test that needs a provider."""

from __future__ import annotations

import pytest

from civicfund.payments.sandbox.process import SandboxProcess


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory):
    """One sandbox for the whole session: starting a process for each test would be slow."""
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox")).start()
    yield process
    assert process.stop() == 0


@pytest.fixture
def stripe_sandbox(sandbox_process):
    """The sandbox, empty, its knobs untouched and no webhook address set."""
    sandbox_process.reset()
    sandbox_process.control(
        "webhooks",
        url="",
        secret=sandbox_process.webhook_secret,
        connect_url="",
        connect_secret="",
    )
    sandbox_process.control("limits", per_endpoint=0, per_account=0)
    return sandbox_process


@pytest.fixture
def provider(stripe_sandbox, settings):
    """The application itself, speaking to the empty sandbox."""
    settings.STRIPE_API_BASE = stripe_sandbox.url
    settings.STRIPE_SECRET_KEY = stripe_sandbox.secret_key
    settings.STRIPE_PUBLISHABLE_KEY = stripe_sandbox.publishable_key
    settings.STRIPE_WEBHOOK_SECRET = stripe_sandbox.webhook_secret
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = stripe_sandbox.connect_webhook_secret
    settings.STRIPE_JS_URL = f"{stripe_sandbox.url}/v3/"
    return stripe_sandbox
