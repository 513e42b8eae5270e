"""The people app."""

from importlib import import_module

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users, where they live, what they may do."""

    name = "civicfund.people"

    def ready(self) -> None:
        """Declare the roles' permissions and what is held of people, which need the models."""
        import_module("civicfund.people.access")
        import_module("civicfund.people.held").declare()
