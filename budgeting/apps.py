"""The budgeting app."""

from importlib import import_module

from django.apps import AppConfig


class BudgetingConfig(AppConfig):
    """The ballot half: cycles, proposals, ballots, tallies, results."""

    name = "budgeting"

    def ready(self) -> None:
        """Projects on a ballot stay as they are; those in a cycle go into none that is not, and say
        in lists how far they are with supports. Notices say which dates have moved. Money leaves
        only while the books are right of what is set aside for votes, too.
        """
        # Models are loaded by now.
        from budgeting.access import reviews  # noqa: PLC0415
        from budgeting.selectors import (  # noqa: PLC0415
            gathering_of,
            what_a_change_undoes,
            what_a_move_undoes,
            why_apart_in_cycles,
            why_on_ballot,
        )
        from budgeting.selectors.appropriations import invariants  # noqa: PLC0415
        from budgeting.selectors.moves import (  # noqa: PLC0415
            words_of_extensions,
            words_of_moves,
        )
        from civicfund.payouts.selectors import checked_before_paying  # noqa: PLC0415
        from civicfund.projects.selectors import (  # noqa: PLC0415
            cautioned_by,
            held_by,
            kept_apart_by,
        )
        from civicfund.projects.selectors.supports import gathered_as  # noqa: PLC0415
        from civicfund.talk.access import doors_to  # noqa: PLC0415
        from civicfund.talk.enums import SubjectKind  # noqa: PLC0415
        from civicfund.talk.selectors.words import said_by  # noqa: PLC0415

        doors_to(SubjectKind.REVIEW, reviews)
        said_by("move", words_of_moves)
        said_by("extension", words_of_extensions)
        checked_before_paying(invariants)
        held_by(why_on_ballot)
        cautioned_by(what_a_change_undoes)
        cautioned_by(what_a_move_undoes)
        gathered_as(gathering_of)
        kept_apart_by(why_apart_in_cycles)
        import_module("budgeting.held").declare()
