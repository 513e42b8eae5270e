"""What becomes of somebody's part in cycles when they are erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from budgeting.enums import CycleState, PhaseKind, ProposalState
from budgeting.models import (
    Appeal,
    ChangeRequest,
    Cycle,
    Mailing,
    Proposal,
    RollEntry,
    StartedBallot,
    Trial,
)
from civicfund.audit.models import Event
from civicfund.people.models import User

# A cast that looked for its voter before an erasure and is counted after it would leave a line that
# nobody claims, and its voter free to come back on another one: from a while before the vote until
# its end nobody on its roll is erased.
_BEFORE_VOTING = timedelta(hours=1)


def why_cycles_keep(person: User) -> Iterator[str]:
    """A vote that is about to run and has them on its roll; proposals with no other author."""
    yield from _may_vote_now(person)
    yield from _alone_under_review(person)


def _may_vote_now(person: User) -> Iterator[str]:
    soon = Cycle.objects.filter(
        phases__kind=PhaseKind.BALLOTING,
        phases__starts_at__lte=Now() + _BEFORE_VOTING,
        state=CycleState.OPEN,
    )
    for cycle in soon.filter(pk__in=RollEntry.objects.filter(claimed_by=person).values("cycle")):
        words = _(
            "You are on the voter roll of %(cycle)s. Wait until the vote is over: so nobody votes"
            " twice."
        )
        yield words % {"cycle": cycle.title}


def _alone_under_review(person: User) -> Iterator[str]:
    alone = Proposal.objects.standing().filter(
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

    What they appealed with, and answered to reviewers, goes.

    The caller is in a transaction and holds the person.
    """
    RollEntry.objects.filter(claimed_by=person).update(claimed_by=None)
    StartedBallot.objects.filter(user=person).delete()
    Mailing.objects.filter(recipient=person).update(recipient=None)
    Proposal.objects.filter(submitted_by=person).update(submitted_by=None)
    Trial.objects.filter(made_by=person).update(made_by=None)
    Appeal.objects.filter(by=person).update(reason="")
    acts = Event.objects.filter(actor=person, verb="review.given_back")
    answered = [said["request"] for said in acts.values_list("data", flat=True)]
    ChangeRequest.objects.filter(pk__in=answered).update(answer="")
