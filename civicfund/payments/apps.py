"""The payments app."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LIVE = ("sk_live_", "rk_live_", "pk_live_")


class PaymentsConfig(AppConfig):
    """What a payment provider was asked to do, and what it told us."""

    name = "civicfund.payments"

    def ready(self) -> None:
        """Let ``check --deploy`` look at the settings."""
        register(payments_are_safe, Tags.security, deploy=True)
        import_module("civicfund.payments.held").declare()


def payments_are_safe(**kwargs: Any) -> list[CheckMessage]:
    """What would let somebody forge a payment, or charge nobody while all looks well."""
    keys = (settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLISHABLE_KEY)
    wrong = {
        "E001": (
            "STRIPE_WEBHOOK_SECRET is empty: anyone could forge an event.",
            not settings.STRIPE_WEBHOOK_SECRET.strip(),
        ),
        "E005": (
            "STRIPE_CONNECT_WEBHOOK_SECRET is empty: anyone could forge news of an account.",
            not settings.STRIPE_CONNECT_WEBHOOK_SECRET.strip(),
        ),
        "E002": (
            "Stripe's secret and publishable keys are not of one mode.",
            len({key.startswith(LIVE) for key in keys}) > 1,
        ),
        "E003": (
            "Stripe's keys are test keys; set STRIPE_LIVE=false if this is a rehearsal.",
            settings.STRIPE_LIVE and not all(key.startswith(LIVE) for key in keys),
        ),
        "E004": ("STRIPE_API_BASE points at the payment sandbox.", bool(settings.STRIPE_API_BASE)),
    }
    return [Error(text, id=f"payments.{code}") for code, (text, bad) in wrong.items() if bad]
