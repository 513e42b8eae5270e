"""The provider that this deployment uses."""

from __future__ import annotations

from django.conf import settings

from civicfund.payments.gateways.protocol import PaymentGateway
from civicfund.payments.gateways.stripe import stripe_gateway


def gateway() -> PaymentGateway:
    """The gateway to the provider that the settings name."""
    return stripe_gateway(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)
