"""The notices app."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Messages to people: an outbox of rows, delivered by mail."""

    name = "civicfund.notices"
