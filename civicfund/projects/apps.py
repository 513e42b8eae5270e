"""The projects app."""

from importlib import import_module

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """The one row that residents propose, back, vote on and follow."""

    name = "civicfund.projects"

    def ready(self) -> None:
        """Say what is held of people."""
        import_module("civicfund.projects.held").declare()
