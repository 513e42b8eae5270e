"""Calls that providers make."""

from __future__ import annotations

from django.urls import path

from civicfund.payments import webhooks

urlpatterns = [
    path("webhooks/stripe/", webhooks.stripe_webhook, name="stripe_webhook"),
    path(
        "webhooks/stripe/connect/", webhooks.stripe_connect_webhook, name="stripe_connect_webhook"
    ),
]
