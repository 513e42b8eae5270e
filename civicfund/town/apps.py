"""The town app."""

from django.apps import AppConfig

# Loaded with Django, so that `shared_task` finds this broker in every process.
import civicfund.celery  # noqa: F401


class TownConfig(AppConfig):
    """Pages composed of every app's selectors; no models."""

    name = "civicfund.town"

    def ready(self) -> None:
        """People talk about cycles, which stand above talk. Projects are found by what came of them
        in votes, campaigns and plans, which stand above projects.
        """
        from civicfund.talk.access import doors_to  # noqa: PLC0415 -- models are loaded by now
        from civicfund.talk.enums import SubjectKind  # noqa: PLC0415
        from civicfund.town.access import cycles  # noqa: PLC0415
        from civicfund.town.selectors.became import declare  # noqa: PLC0415

        doors_to(SubjectKind.CYCLE, cycles)
        declare()
