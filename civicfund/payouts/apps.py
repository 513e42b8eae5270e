"""The payouts app."""

from importlib import import_module

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """Money that leaves for projects: to whom, how much, decided by which two people."""

    name = "civicfund.payouts"

    def ready(self) -> None:
        """Say what is held of people, and that plans stay once money was asked for."""
        from civicfund.delivery.selectors import fixed_by  # noqa: PLC0415 -- models are there now
        from civicfund.payouts.selectors import has_payouts  # noqa: PLC0415

        fixed_by(has_payouts)
        import_module("civicfund.payouts.held").declare()
