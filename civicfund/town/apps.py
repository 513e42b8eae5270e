"""The town app."""

from django.apps import AppConfig

# Loaded with Django, so that `shared_task` finds this broker in every process.
import civicfund.celery  # noqa: F401


class TownConfig(AppConfig):
    """Pages composed of every app's selectors; no models."""

    name = "civicfund.town"
