"""The pledges app."""

from django.apps import AppConfig


class PledgesConfig(AppConfig):
    """Campaigns, what backers promise them, and how the promises are collected."""

    name = "civicfund.pledges"
