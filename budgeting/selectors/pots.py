"""Whether a project lies where its pot's money goes, and which other pots it could ask."""

from __future__ import annotations

from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.utils.translation import gettext as _

from budgeting.enums import UNDER_WAY, CycleState, ProposalState
from budgeting.models import Pot, PotChange, Proposal, Review
from budgeting.selectors.fates import voting_begun
from civicfund.audit.services import db_now
from civicfund.people.models import User
from civicfund.projects.models import Project


class LiesInPot(Func):
    """Of a project's key and a pot's: whether the one lies where the money of the other goes.

    The database's own function: it refuses by it what comes on a ballot.
    """

    function = "budgeting_lies_in_pot"
    output_field = BooleanField()


def pot_and_whether_it_fits(proposal: Proposal) -> tuple[int, bool]:
    """The key of the pot that it asks by now, and whether its project lies in that pot's place."""
    rows = Proposal.objects.filter(pk=proposal.pk)
    found: tuple[int, bool] = rows.values_list("pot", LiesInPot("project", "pot")).get()
    return found


def is_misplaced(proposal: Proposal) -> bool:
    """Whether its pot keeps it from every ballot, as long as it could come on one."""
    return proposal.state in UNDER_WAY and not pot_and_whether_it_fits(proposal)[1]


def other_pots(proposal: Proposal) -> QuerySet[Pot]:
    """Pots of its cycle whose money can go to its project, but for the one that it asks."""
    others = Pot.objects.filter(cycle=proposal.cycle_id, place__isnull=False)
    return others.exclude(pk=proposal.pot_id).filter(LiesInPot(Value(proposal.project_id), F("pk")))


def takes_another_pot(proposal: Proposal, *, misplaced: bool) -> bool:
    """Whether the staff could give it another pot now, for what it is and when."""
    cycle = proposal.cycle
    begins = cycle.voting_starts_at
    waits = cycle.state == CycleState.OPEN and begins is not None and db_now() < begins
    if not (waits or cycle.state == CycleState.DRAFT) or cycle.sheet_batches.exists():
        return False
    found_feasible = proposal.state == ProposalState.FEASIBLE
    is_open = proposal.state == ProposalState.SUBMITTED or (found_feasible and misplaced)
    return is_open and not proposal.has_left


def reviews_it(person: User, proposal: Proposal) -> bool:
    """Whether the review that it waits for is with this person."""
    return Review.objects.waiting().filter(proposal=proposal, reviewer=person).exists()


def last_given_pot(proposal: Proposal) -> PotChange | None:
    """When and why the staff gave it the pot that it asks; None where they did not."""
    last = PotChange.objects.filter(proposal=proposal).last()
    return last if last and last.pot == proposal.pot_id else None


def what_a_move_undoes(project: Project) -> str:
    """What its authors should know of its pot before they give a project another place.

    Empty where it asks for money of the whole town alone, once voting has begun, and where a
    verdict is public: of that ``what_a_change_undoes`` speaks.
    """
    asking = Proposal.objects.to_look_at().filter(
        ~voting_begun(),
        project=project,
        state=ProposalState.SUBMITTED,
        cycle__state=CycleState.OPEN,
        pot__place__parent__isnull=False,
    )
    proposal = asking.select_related("cycle", "pot__place").order_by("pk").first()
    if proposal is None or proposal.pot.place is None:
        return ""
    said = {"cycle": proposal.cycle, "pot": proposal.pot, "place": proposal.pot.place}
    return (
        _(
            "In “%(cycle)s” it asks “%(pot)s”, whose money is for projects in %(place)s. With a"
            " place elsewhere it comes on no ballot until it asks another pot: you can ask one on"
            " the page of your proposal as long as projects can be proposed, after that those who"
            " prepare the vote give it one."
        )
        % said
    )
