"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Who did what to which, when; and the guarded move of a state."""

    name = "civicfund.audit"
