"""The reconciliation app."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """Our books beside the provider's, both ways: what differs is mended or listed."""

    name = "civicfund.reconciliation"
