"""The delivery app."""

from importlib import import_module

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """What a project promises step by step, and how far it has come."""

    name = "civicfund.delivery"

    def ready(self) -> None:
        """Say what is held of people."""
        import_module("civicfund.delivery.held").declare()
