"""The people app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users, where they live, what they may do."""

    name = "civicfund.people"
