"""The pledges app."""

from django.apps import AppConfig


class PledgesConfig(AppConfig):
    """Campaigns, what backers promise them, and how the promises are collected."""

    name = "civicfund.pledges"

    def ready(self) -> None:
        """Projects that people pledge for stay as they are, and wait for money that may go back."""
        # Only now are the models there.
        from civicfund.payouts.selectors import held_back_by  # noqa: PLC0415
        from civicfund.pledges.selectors import why_in_campaign, why_not_paid_yet  # noqa: PLC0415
        from civicfund.projects.selectors import held_by  # noqa: PLC0415

        held_by(why_in_campaign)
        held_back_by(why_not_paid_yet)
