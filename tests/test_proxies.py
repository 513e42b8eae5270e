"""Limits of the API count by the address that our own proxy heard from, and by no other."""

from __future__ import annotations

import pytest
from django.conf import settings as town
from rest_framework.throttling import AnonRateThrottle


@pytest.mark.parametrize(
    ("proxies", "said", "counted"),
    [
        (0, "198.51.100.9", "127.0.0.1"),
        (1, "198.51.100.9, 203.0.113.1", "203.0.113.1"),
        (2, "198.51.100.9, 203.0.113.1, 10.0.0.1", "203.0.113.1"),
    ],
)
def test_an_address_that_a_visitor_makes_up_counts_for_nothing(
    rf, settings, proxies, said, counted
):
    settings.REST_FRAMEWORK = town.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    request = rf.get("/api/v1/projects/", headers={"X-Forwarded-For": said})
    assert AnonRateThrottle().get_ident(request) == counted


def test_as_it_is_delivered_no_proxy_is_believed():
    assert town.REST_FRAMEWORK["NUM_PROXIES"] == town.ALLAUTH_TRUSTED_PROXY_COUNT == 0
