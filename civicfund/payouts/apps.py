"""The payouts app."""

from importlib import import_module

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """Money that leaves for projects: to whom, how much, decided by which two people."""

    name = "civicfund.payouts"

    def ready(self) -> None:
        """Say what is held of people."""
        import_module("civicfund.payouts.held").declare()
