"""The complaints app."""

from importlib import import_module

from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    """What people say is wrong with the town or its site, and who answers them."""

    name = "civicfund.complaints"

    def ready(self) -> None:
        """Say what it holds of people."""
        import_module("civicfund.complaints.held").declare()
