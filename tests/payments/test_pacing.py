"""All our processes together stay under the provider's limits, as the provider counts them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from civicfund.payments.domain import RateLimited
from civicfund.payments.gateways import gateway, pacing
from civicfund.payments.gateways.pacing import TooBusyError, endpoint_of, take_turn

CALLS, PROCESSES = 40, 3
ASK = """
import sys
from django.conf import settings
settings.configure(
    PROVIDER_CALLS_PER_ENDPOINT={per_endpoint}, PROVIDER_CALLS_IN_ALL=1000, REDIS_URL={redis!r}
)
from civicfund.payments.domain import RateLimited
from civicfund.payments.gateways.stripe import stripe_gateway
refused = 0
asked = stripe_gateway({key!r}, {base!r})
for _ in range({calls}):
    try:
        asked.retrieve_payment_intent({intent!r})
    except RateLimited:
        refused += 1
print(refused)
"""


@pytest.fixture
def intent(provider, settings):
    customer = gateway().create_customer(key="cust:pace", metadata={})
    made = gateway().create_payment_intent(
        amount_minor=2500, currency="EUR", customer_id=customer, key="pi:pace", metadata={},
        transfer_group="campaign-1",
    )  # fmt: skip
    time.sleep(1)  # what was asked so far is out of the provider's second
    provider.control("limits", per_endpoint=25, per_account=0)
    return made.id


def ask_from_several(provider, settings, intent, per_endpoint):
    """How many answers were 429, over all processes; and the most that any second saw."""
    program = ASK.format(
        per_endpoint=per_endpoint, redis=settings.REDIS_URL, key=provider.secret_key,
        base=provider.url, calls=CALLS, intent=intent,
    )  # fmt: skip
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    refused = sum(int(process.communicate(timeout=60)[0]) for process in started)
    highest = provider.control("limits")["highest"]
    return refused, max(most for name, most in highest.items() if "payment_intents" in name)


@pytest.mark.django_db(transaction=True)
def test_three_processes_together_stay_under_an_endpoints_limit(provider, settings, intent):
    # Requests that left in their turns may arrive in a bunch where the machine is busy: less than
    # the provider's 25 leaves room for that.
    refused, highest = ask_from_several(provider, settings, intent, per_endpoint=20)
    assert refused == 0
    assert 15 < highest <= 25


@pytest.mark.django_db(transaction=True)
def test_control_without_pacing_the_provider_refuses(provider, settings, intent):
    refused, _ = ask_from_several(provider, settings, intent, per_endpoint=0)
    assert refused > 0


def ask_twice(intent):
    """The second has no turn, and perhaps not even the first: other tests use the same account."""
    for _ in range(2):
        gateway().retrieve_payment_intent(intent)


@pytest.mark.django_db(transaction=True)
def test_who_would_wait_too_long_is_told(provider, settings, intent, monkeypatch):
    monkeypatch.setattr(pacing, "LONGEST_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(pacing, "WINDOW_MS", 60_000)  # longer than a slow machine needs for two
    settings.PROVIDER_CALLS_PER_ENDPOINT = 1
    with pytest.raises(RateLimited):
        ask_twice(intent)


def test_one_endpoint_that_is_full_holds_up_no_other(settings, monkeypatch):
    monkeypatch.setattr(pacing, "LONGEST_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(pacing, "WINDOW_MS", 60_000)
    settings.PROVIDER_CALLS_PER_ENDPOINT = 2
    account = f"test-{time.monotonic_ns()}"
    for _ in range(2):
        take_turn(account, "a", most_in_all=3)
    with pytest.raises(TooBusyError):
        take_turn(account, "a", most_in_all=3)
    take_turn(account, "b", most_in_all=3)
    with pytest.raises(TooBusyError):  # and the account has a limit of its own
        take_turn(account, "c", most_in_all=3)
    take_turn(f"{account}-another", "a", most_in_all=3)


def test_without_redis_the_request_goes_ahead(settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.PROVIDER_CALLS_PER_ENDPOINT = 1
    for _ in range(3):
        take_turn("test", "a", most_in_all=1)


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("POST", "/v1/payment_intents/pi_1aB/confirm", "post v1/payment_intents/{id}/confirm"),
        ("post", "/v1/payment_intents", "post v1/payment_intents"),
        ("get", "/v1/payment_intents/pi_3?expand[]=x", "get v1/payment_intents/{id}"),
        ("post", "/v2/core/accounts/acct_1", "post v2/core/accounts/{id}"),
    ],
)
def test_an_endpoint_is_a_method_and_a_path_without_ids(method, path, endpoint):
    assert endpoint_of(method, f"https://api.stripe.com{path}") == endpoint
