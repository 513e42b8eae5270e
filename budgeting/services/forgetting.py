"""What becomes of somebody's part in cycles when they are erased."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from budgeting.enums import CycleState, ProposalState
from budgeting.models import Cycle, Mailing, Proposal, RollEntry, StartedBallot, Trial
from civicfund.people.models import User


def why_cycles_keep(person: User) -> Iterator[str]:
    """A vote that runs and has their ballot, and proposals that nobody else could answer for."""
    yield from _voted_in_running(person)
    yield from _alone_under_review(person)


def _voted_in_running(person: User) -> Iterator[str]:
    # Else somebody could vote, be erased, and come back as another person before the end.
    voted = Cycle.objects.filter(
        participations__roll_entry__claimed_by=person, state=CycleState.OPEN
    )
    for cycle in voted:
        words = _(
            "You have voted in %(cycle)s. Wait until the vote is over: so nobody votes twice."
        )
        yield words % {"cycle": cycle.title}


def _alone_under_review(person: User) -> Iterator[str]:
    alone = Proposal.objects.filter(
        project__proposer=person,
        project__co_authors__isnull=True,
        state=ProposalState.SUBMITTED,
        cycle__state=CycleState.OPEN,
    )
    for proposal in alone.select_related("project", "cycle"):
        words = _("You are the only author of “%(project)s”, which is being reviewed in %(cycle)s.")
        help_words = _("Ask somebody to write it with you, or wait for the verdict.")
        said = words % {"project": proposal.project.title, "cycle": proposal.cycle.title}
        yield f"{said} {help_words}"


def forget_voter(person: User) -> None:
    """That somebody on the roll voted stays, and no account leads to it any more.

    The caller is in a transaction and holds the person.
    """
    RollEntry.objects.filter(claimed_by=person).update(claimed_by=None)
    StartedBallot.objects.filter(user=person).delete()
    Mailing.objects.filter(recipient=person).update(recipient=None)
    Proposal.objects.filter(submitted_by=person).update(submitted_by=None)
    Trial.objects.filter(made_by=person).update(made_by=None)
