"""The budgeting app."""

from django.apps import AppConfig


class BudgetingConfig(AppConfig):
    """The ballot half: cycles, proposals, ballots, tallies, results."""

    name = "budgeting"
