"""The notices app."""

from importlib import import_module

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Messages to people: an outbox of rows, delivered by mail."""

    name = "civicfund.notices"

    def ready(self) -> None:
        """Say what is held of people."""
        import_module("civicfund.notices.held").declare()
