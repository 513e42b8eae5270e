"""The projects app."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """The one row that residents propose, back, vote on and follow."""

    name = "civicfund.projects"
