"""The ledger app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Double-entry books: every amount has two sides."""

    name = "civicfund.ledger"
