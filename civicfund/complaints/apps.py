"""The complaints app."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    """What people say is wrong with the town or its site, and who answers them."""

    name = "civicfund.complaints"

    def ready(self) -> None:
        """Say what it holds of people. Whoever signs in finds nothing open but their own."""
        # Only now are the models there.
        from django.contrib.auth.signals import user_logged_in  # noqa: PLC0415

        from civicfund.complaints.access import keep_only_own  # noqa: PLC0415

        def forget_others(**told: Any) -> None:
            keep_only_own(told["request"].session, told["user"])

        user_logged_in.connect(forget_others, weak=False, dispatch_uid="complaints.keep_only_own")
        import_module("civicfund.complaints.held").declare()
