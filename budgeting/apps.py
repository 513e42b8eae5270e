"""The budgeting app."""

from importlib import import_module

from django.apps import AppConfig


class BudgetingConfig(AppConfig):
    """The ballot half: cycles, proposals, ballots, tallies, results."""

    name = "budgeting"

    def ready(self) -> None:
        """Projects on a ballot stay as they are."""
        from budgeting.selectors import why_on_ballot  # noqa: PLC0415 -- models are loaded by now
        from civicfund.projects.selectors import held_by  # noqa: PLC0415

        held_by(why_on_ballot)
        import_module("budgeting.held").declare()
