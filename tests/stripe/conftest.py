"""The real SDK, against the sandbox, or against a Stripe test account when one is given."""

from __future__ import annotations

import os

import pytest
import stripe

from tests.stripe.helpers import sandbox_client


@pytest.fixture
def client(request):
    """A client for the contract suite. ``STRIPE_TEST_KEY`` turns it to Stripe's own servers."""
    key = os.environ.get("STRIPE_TEST_KEY")
    if not key:
        return sandbox_client(request.getfixturevalue("stripe_sandbox"))
    if not key.startswith(("sk_test_", "rk_test_")):
        raise pytest.UsageError("STRIPE_TEST_KEY must be a test key: this suite makes charges.")
    return stripe.StripeClient(key, max_network_retries=2)


@pytest.fixture
def sandbox(stripe_sandbox):
    """The sandbox with its knobs, for what no one could ask of Stripe."""
    return stripe_sandbox


@pytest.fixture
def sandbox_stripe(stripe_sandbox):
    """A client of the sandbox, whatever keys are given."""
    return sandbox_client(stripe_sandbox)
