"""The payouts app."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """Money that leaves for projects: to whom, how much, decided by which two people."""

    name = "civicfund.payouts"
