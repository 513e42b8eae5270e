"""The audit app."""

from django.apps import AppConfig
from django.core import checks
from django.core.checks import Tags

from civicfund.audit.checks import application_owns_no_table, town_is_not_made_up


class AuditConfig(AppConfig):
    """Who did what to which, when; and the guarded move of a state."""

    name = "civicfund.audit"

    def ready(self) -> None:
        """Register what `manage.py check` asks of the database's roles."""
        checks.register(application_owns_no_table, Tags.database)
        checks.register(town_is_not_made_up, Tags.database)
