"""From a counted cycle to a published one: one certifier says so, a second one publishes."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.domain.outcome import Outcome
from budgeting.enums import (
    PROPOSAL_MOVES,
    CycleState,
    ProposalState,
)
from budgeting.models import Cycle, Option, Proposal, Tally
from budgeting.selectors.appropriations import USED, set_aside_for
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from budgeting.services.second_person import acts_asked, pending_request
from civicfund.audit.services import advance, approve_act, db_now, request_act
from civicfund.ledger.domain import award, set_aside_used
from civicfund.ledger.services import post
from civicfund.people.enums import Role
from civicfund.people.models import User

PUBLISH = "cycle.publish"


def certify(cycle: Cycle, *, by: User) -> Cycle:
    """A certifier says that the count is in order, and so asks another one to publish it."""
    require(by, Role.CERTIFIER)
    with transaction.atomic():
        held = take(cycle)
        _check_state(held, CycleState.COUNTED)
        request_act(PUBLISH, held, requested_by=by, tallies=_binding_digests(held))
        return advance(held, CycleState.CERTIFIED, held.moves, actor=by)


def certify_anew(cycle: Cycle, *, by: User) -> Cycle:
    """A certifier says again that the count is in order, where nobody can agree to the first yes.

    It has lapsed, was taken back, or is of somebody who no longer certifies.
    """
    require(by, Role.CERTIFIER)
    with transaction.atomic():
        held = take(cycle)
        _check_state(held, CycleState.CERTIFIED)
        if acts_asked(held, PUBLISH):
            raise RefusedError(_("The count is certified: another certifier has to publish it."))
        request_act(PUBLISH, held, requested_by=by, tallies=_binding_digests(held))
    return held


def publish(cycle: Cycle, asked_id: int | None = None, *, by: User) -> Cycle:
    """A second certifier publishes: proposals are selected or not, and each award is booked."""
    require(by, Role.CERTIFIER)
    with transaction.atomic():
        held = take(cycle)
        _check_state(held, CycleState.CERTIFIED)
        asked = pending_request(held, PUBLISH, asked_id)
        if asked.parameters["tallies"] != _binding_digests(held):
            raise RefusedError(_("The count has changed since it was certified."))
        approve_act(asked, approved_by=by)
        in_books = set_aside_for(held).aside_minor is not None
        for tally in held.tallies.filter(binding=True).order_by("pot"):
            _award(tally, by, in_books=in_books)
        return advance(held, CycleState.PUBLISHED, held.moves, actor=by, published_at=db_now())


def _check_state(cycle: Cycle, state: CycleState) -> None:
    if cycle.state != state:
        raise RefusedError(
            _("The cycle is not %(wanted)s but %(state)s.")
            % {"wanted": state.label, "state": cycle.get_state_display()}
        )


def _binding_digests(cycle: Cycle) -> list[str]:
    """What the outcome of each pot is, in the order of the pots."""
    tallies = cycle.tallies.filter(binding=True).order_by("pot")
    return [Outcome.from_json(tally.outcome).digest for tally in tallies]


def _award(tally: Tally, by: User, *, in_books: bool) -> None:
    """Tell every proposal of the pot what came of it, and book what the winners get.

    ``in_books``: money was set aside for the vote, and is less by what they get.
    """
    selected = set(tally.outcome["selected"])
    options = Option.objects.filter(pot=tally.pot_id, proposal__isnull=False)
    for option in options.select_related("proposal").order_by("pk"):
        proposal: Proposal = option.proposal  # type: ignore[assignment]  # filtered just above
        won = option.code in selected
        to = ProposalState.SELECTED if won else ProposalState.NOT_SELECTED
        advance(proposal, to, PROPOSAL_MOVES, actor=by)
        if won:
            post(
                "award",
                source_type=option._meta.label_lower,
                source_id=str(option.pk),
                legs=award(proposal.project_id, option.cost_minor),
                currency=tally.cycle.currency,
            )
        if won and in_books:
            post(
                USED,
                source_type=option._meta.label_lower,
                source_id=str(option.pk),
                legs=set_aside_used(tally.cycle_id, option.cost_minor),
                currency=tally.cycle.currency,
            )
