"""A project enters a cycle, is reviewed, and gets a line on the ballot."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from budgeting.access import holds, require
from budgeting.enums import (
    PROPOSAL_MOVES,
    CycleState,
    PhaseKind,
    ProposalState,
)
from budgeting.models import Cycle, Option, Pot, Proposal
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share, take
from budgeting.services.urns import check_room
from civicfund.audit.services import advance, db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.models import Project


def submit_proposal(project: Project, pot: Pot, *, by: User) -> Proposal:
    """Ask for a pot's money for a project.

    Whoever proposed the project does it during the proposing phase; a budget administrator may,
    on anyone's behalf, at any time before voting.
    """
    cycle = pot.cycle
    administers = holds(by, Role.BUDGET_ADMINISTRATOR)
    if project.proposer_id != by.pk and not administers:
        raise RefusedError(_("Only the person who proposed the project can enter it."))
    _check_project(project, pot)
    with transaction.atomic():
        state = share(cycle)
        if not administers:
            _check_proposing(cycle, state)
        _check_before_voting(cycle, state)
        proposal, made = Proposal.objects.get_or_create(
            cycle=cycle, project=project, defaults={"pot": pot, "submitted_by": by}
        )
        if not made:
            raise RefusedError(_("This project is in the cycle already."))
        record("proposal.submitted", proposal, actor=by, pot=pot.pk)
    return proposal


def _check_project(project: Project, pot: Pot) -> None:
    if not Project.objects.listed().filter(pk=project.pk).exists():
        raise RefusedError(_("The project has to be public first."))
    reached = Neighborhood.objects.within(pot.place) if pot.place else Neighborhood.objects.none()
    if not reached.filter(pk=project.neighborhood_id).exists():
        raise RefusedError(
            _("%(pot)s is for projects in %(place)s.") % {"pot": pot, "place": pot.place}
        )


def _check_proposing(cycle: Cycle, state: str) -> None:
    proposing = cycle.phases.current().filter(kind=PhaseKind.PROPOSING)
    if state != CycleState.OPEN or not proposing.exists():
        raise RefusedError(_("It is not the time to propose in this cycle."))


def _check_before_voting(cycle: Cycle, state: str) -> None:
    """The caller holds the cycle."""
    if state == CycleState.DRAFT:
        return
    voting = cycle.phases.filter(kind=PhaseKind.BALLOTING).first()
    if state != CycleState.OPEN or voting is None or db_now() >= voting.starts_at:
        raise RefusedError(_("Voting has begun: the ballot can no longer change."))
    if cycle.sheet_batches.exists():
        raise RefusedError(_("Paper ballots are printed: the ballot can no longer change."))


def review_proposal(proposal: Proposal, *, feasible: bool, by: User, reason: str = "") -> Proposal:
    """Say whether the town could do it; a no comes with a reason for everybody to read."""
    require(by, Role.REVIEWER)
    if proposal.project.proposer_id == by.pk:
        raise RefusedError(_("Somebody else has to review your own project."))
    if not feasible and not reason.strip():
        raise RefusedError(_("Say why it is not feasible, for everybody to read."))
    to = ProposalState.FEASIBLE if feasible else ProposalState.NOT_FEASIBLE
    return advance(proposal, to, PROPOSAL_MOVES, actor=by, reason=reason.strip())


def put_on_ballot(proposal: Proposal, *, by: User, cost_minor: int | None = None) -> Option:
    """Give a feasible proposal its line on the ballot, at a cost that stays as it is now.

    The cost is the sum of the project's cost lines unless another was found in the review.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        cycle = take(proposal.cycle)
        _check_before_voting(cycle, cycle.state)
        # Held, so that nobody changes it between the sum and the line on the ballot.
        project = Project.objects.select_for_update().get(pk=proposal.project_id)
        lines = project.cost_lines.aggregate(total=Sum("amount_minor", default=0))
        cost_minor = lines["total"] if cost_minor is None else cost_minor
        if cost_minor <= 0:
            raise RefusedError(_("The project does not say what it costs."))
        check_room(proposal.pot)
        advance(proposal, ProposalState.ON_BALLOT, PROPOSAL_MOVES, actor=by)
        option = Option.objects.create(
            cycle=cycle,
            pot_id=proposal.pot_id,
            position=Option.objects.filter(pot=proposal.pot_id).count(),
            code=str(project.pk),
            name=project.title,
            cost_minor=cost_minor,
            proposal=proposal,
        )
        record("proposal.on_ballot", proposal, actor=by, option=option.pk, cost_minor=cost_minor)
    return option
