"""The reconciliation app."""

from importlib import import_module

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """Our books beside the provider's, both ways: what differs is mended or listed."""

    name = "civicfund.reconciliation"

    def ready(self) -> None:
        """No payout leaves while a correction of the books is not as it was decided."""
        # Only now are the models there.
        from civicfund.payouts.selectors import checked_before_paying  # noqa: PLC0415
        from civicfund.reconciliation.selectors import invariants  # noqa: PLC0415

        checked_before_paying(invariants)
        import_module("civicfund.reconciliation.held").declare()
