"""The talk app."""

from importlib import import_module

from django.apps import AppConfig


class TalkConfig(AppConfig):
    """What people say about projects, campaigns and cycles, and who looks after it."""

    name = "civicfund.talk"

    def ready(self) -> None:
        """Projects and places stand below; whoever stands above brings the doors to its own."""
        from civicfund.talk.access import (  # noqa: PLC0415 -- models are loaded by now
            doors_to,
            places,
            projects,
        )
        from civicfund.talk.enums import SubjectKind  # noqa: PLC0415

        doors_to(SubjectKind.PROJECT, projects)
        doors_to(SubjectKind.NEIGHBORHOOD, places)
        import_module("civicfund.talk.held").declare()
