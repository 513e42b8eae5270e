"""What a cycle's page shows of each proposal, and the board of each review."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from django import template

from budgeting.enums import Fate, ProposalState
from budgeting.models import Cycle, Proposal, Review
from budgeting.selectors import PotOfCycle, Supports
from civicfund.projects.enums import ProjectState
from civicfund.templatetags.drawn import says_all

register = template.Library()


@says_all
class ProposalRow(NamedTuple):
    """All that a proposal's line may show: it is found again by exactly this."""

    project: int
    title: str
    withdrawn: bool
    hidden: bool
    state: str
    reason: str
    why_off: str
    why_left: str
    place: str
    cost_minor: int | None
    currency: str
    low_minor: int | None
    high_minor: int | None
    yearly_minor: int | None
    needs_support: bool
    people: int | None
    needed: int | None
    short: int | None
    pot: str = ""
    said_minor: int = 0
    """What the project says that it costs, where it is not on the ballot."""
    has_supports: bool = False
    """Whether others in the table need supports, so that it has a cell for them."""

    def get_state_display(self) -> str:
        """How far it has come, or what became of it, in words."""
        kind = Fate if self.state in Fate.values else ProposalState
        return str(kind(self.state).label)


@register.simple_tag
def proposal_row(
    proposal: Proposal,
    *,
    currency: str,
    costs: Mapping[int, Review],
    supports: Mapping[int, Supports],
    found: bool = False,
    has_supports: bool = False,
) -> ProposalRow:
    """A proposal of ``proposals_paged`` for ``<c-proposal-row>``.

    One that is ``found`` stands among those of other pots: its row names the pot, and has a cell
    for supports where the table has them, whether its own pot needs any or not.
    """
    project, option = proposal.project, getattr(proposal, "option", None)
    said, backed = costs.get(proposal.pk), supports.get(proposal.pk)
    refused = proposal.state == ProposalState.NOT_FEASIBLE
    feasible = proposal.state == ProposalState.FEASIBLE
    # Of what moderators hid stays what stood on the ballot; its authors may write it anew.
    hidden = project.state == ProjectState.HIDDEN
    frozen = option.name if option else ""
    return ProposalRow(
        project=project.pk,
        title=frozen if hidden else project.title,
        withdrawn=project.state == ProjectState.WITHDRAWN,
        hidden=hidden,
        state=proposal.stands,
        reason=proposal.reason if refused and not hidden else "",
        why_off=(vars(proposal)["why_off"] or "") if feasible else "",
        why_left=(vars(proposal)["why_left"] or "") if feasible else "",
        place=project.neighborhood.name,
        cost_minor=option.cost_minor if option else None,
        currency=currency,
        low_minor=said.cost_low_minor if said else None,
        high_minor=said.cost_high_minor if said else None,
        yearly_minor=said.yearly_minor if said else None,
        needs_support=bool(proposal.pot.supports_needed),
        people=backed.people if backed else None,
        needed=backed.needed if backed else None,
        short=backed.short if backed else None,
        pot=proposal.pot.name if found else "",
        said_minor=0 if option else project.total_minor,
        has_supports=has_supports,
    )


@says_all
class PotLine(NamedTuple):
    """All that a cycle's page says of a pot above its proposals: it is found again by exactly this.

    ``elsewhere`` is how many proposals it has where none of them stands on this page.
    """

    pk: int
    name: str
    amount_minor: int
    currency: str
    needed: int
    counted: str
    elsewhere: int


@register.simple_tag
def pot_line(shown: PotOfCycle, cycle: Cycle) -> PotLine:
    """A pot of ``pots_of_cycle`` for ``<c-pot-line>``."""
    pot = shown.pot
    return PotLine(
        pk=pot.pk,
        name=pot.name,
        amount_minor=pot.amount_minor,
        currency=cycle.currency,
        needed=pot.supports_needed,
        counted=cycle.get_supports_from_display() if pot.supports_needed else "",
        elsewhere=0 if shown.proposals else shown.proposal_count,
    )


@says_all
class ReviewRow(NamedTuple):
    """All that the board may show of a review that waits: it is found again by exactly this."""

    pk: int
    cycle: str
    proposal: int
    project: str
    category: str
    place: str
    due_at: datetime | None
    late: int
    with_proposer: bool
    has_reviewer: bool
    reviewer: str
    name: str
    is_own: bool
    to_choose: bool
    ticked: bool


@register.simple_tag
def review_row(
    review: Review, *, cycle: Cycle, late: int, to_choose: bool, ticked: Collection[int] = ()
) -> ReviewRow:
    """A review of ``waiting_reviews`` for ``<c-review-row>``; ``ticked`` are ids of reviews."""
    project, found = review.proposal.project, vars(review)
    return ReviewRow(
        pk=review.pk,
        cycle=cycle.slug,
        proposal=review.proposal_id,
        project=project.title,
        category=project.get_category_display(),
        place=str(project.neighborhood),
        due_at=review.due_at,
        late=late,
        with_proposer=found["with_proposer"],
        has_reviewer=found["has_reviewer"],
        reviewer=str(review.reviewer) if review.reviewer else "",
        name=review.name,
        is_own=found["is_own"],
        to_choose=to_choose,
        ticked=review.pk in ticked,
    )
