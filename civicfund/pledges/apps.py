"""The pledges app."""

from django.apps import AppConfig


class PledgesConfig(AppConfig):
    """Campaigns, what backers promise them, and how the promises are collected."""

    name = "civicfund.pledges"

    def ready(self) -> None:
        """Projects that people pledge for stay as they are."""
        from civicfund.pledges.selectors import why_in_campaign  # noqa: PLC0415 -- models are loaded
        from civicfund.projects.selectors import held_by  # noqa: PLC0415

        held_by(why_in_campaign)
