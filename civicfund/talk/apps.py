"""The talk app."""

from importlib import import_module

from django.apps import AppConfig


class TalkConfig(AppConfig):
    """What people say about projects, campaigns and cycles, and who looks after it."""

    name = "civicfund.talk"

    def ready(self) -> None:
        """Projects and places stand below; whoever stands above brings the doors to its own.

        Who begins to write a public project follows it. Whose writing is paused writes none. Of
        what is hidden by then no mail tells.
        """
        from civicfund.notices.services import looked_at_again  # noqa: PLC0415
        from civicfund.projects.selectors.writing import silenced_by  # noqa: PLC0415
        from civicfund.projects.services.hearing import heard_by_authors  # noqa: PLC0415
        from civicfund.talk.access import (  # noqa: PLC0415 -- models are loaded by now
            doors_to,
            places,
            projects,
        )
        from civicfund.talk.enums import SubjectKind  # noqa: PLC0415
        from civicfund.talk.selectors.pauses import why_paused  # noqa: PLC0415
        from civicfund.talk.services.following import follow_own  # noqa: PLC0415
        from civicfund.talk.services.news import NEWS, news_as_it_is  # noqa: PLC0415

        doors_to(SubjectKind.PROJECT, projects)
        doors_to(SubjectKind.NEIGHBORHOOD, places)
        heard_by_authors(follow_own)
        silenced_by(why_paused)
        looked_at_again(news_as_it_is, NEWS)
        import_module("civicfund.talk.held").declare()
