"""My desks: the staff pages that somebody's roles open, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from budgeting.access import visible_cycles
from budgeting.enums import CycleState, Origin
from budgeting.models import Cycle
from civicfund.people.access import may_give_roles
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.people.selectors import roles_of
from civicfund.staff import SUPERUSER
from civicfund.town.enums import TRAIL_ROLES
from civicfund.town.selectors.waiting import Desk, Waiting, waiting_for

_State = CycleState
_WHILE_IT_GROWS = (_State.DRAFT, _State.OPEN)
_WHILE_PAPER_LASTS = (*_WHILE_IT_GROWS, _State.CLOSED)
_AT_THE_POLLS = (_State.OPEN, _State.CLOSED)
_TO_BE_JUDGED = (_State.COUNTED, _State.CERTIFIED)
_NOT_OVER = tuple(state for state in _State if state not in (_State.PUBLISHED, _State.CANCELLED))
MOST_CYCLES = 20


@dataclass(frozen=True, slots=True)
class Link:
    """A desk, by the name of its address; for a cycle's desk also the states in which it is of use.

    A desk of the town has no states. Some are of use only where people vote on paper, too.
    """

    role: Role | str  # or ``staff.SUPERUSER``
    words: Promise
    page: str
    states: tuple[CycleState, ...] = ()
    on_paper: bool = False

    def is_of_use(self, cycle: Cycle) -> bool:
        """Whether there is anything to do there now, in a cycle read with its ``paper``."""
        offered = not self.on_paper or hasattr(cycle, "paper")
        return offered and cycle.state in self.states


@dataclass(frozen=True, slots=True)
class Listed:
    """A desk on somebody's list, with what waits for them there; None where nothing does."""

    desk: Link
    waits: Waiting | None

    @property
    def words(self) -> Promise:
        """What it is called."""
        return self.desk.words


DESKS = (
    Link(SUPERUSER, _("Roles"), "roles_desk"),
    Link(Role.TREASURER, _("Treasury"), "treasury"),
    Link(Role.TREASURER, _("Payouts"), "payouts"),
    Link(Role.TREASURER, _("Reconciliation"), "reconciliation"),
    Link(Role.TREASURER, _("Milestones to look at"), "milestones_desk"),
    Link(Role.MODERATOR, _("Milestones to look at"), "milestones_desk"),
    Link(Role.BUDGET_ADMINISTRATOR, _("All cycles, and a new one"), "cycles_desk"),
    Link(Role.BUDGET_ADMINISTRATOR, _("What if"), "trials"),
    Link(Role.BUDGET_ADMINISTRATOR, _("How many people live where"), "population_desk"),
    Link(Role.MODERATOR, _("Campaigns to moderate"), "campaigns_desk"),
    Link(Role.REVIEWER, _("Campaigns to review"), "campaigns_desk"),
    Link(Role.MODERATOR, _("Projects to merge"), "merge_desk"),
    Link(Role.MODERATOR, _("Projects and comments to look at"), "comments_desk"),
    Link(Role.SPOKESPERSON, _("Questions to the city"), "questions_desk"),
    Link(Role.COMPLAINTS_OFFICER, _("Complaints"), "complaints_desk"),
    Link(Role.POLL_OFFICER, _("Documents about homes"), "residence_desk"),
    Link(Role.POLL_OFFICER, _("Homes to confirm"), "homes_desk"),
    Link(Role.BUDGET_ADMINISTRATOR, _("Desk of the cycle"), "cycle_desk", _NOT_OVER),
    Link(Role.BUDGET_ADMINISTRATOR, _("Announcements by mail"), "announcements", tuple(_State)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Phases"), "timeline", (_State.DRAFT,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Pots of money"), "pots", (_State.DRAFT,)),
    Link(Role.REVIEWER, _("Proposals to review"), "reviews", (_State.OPEN,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Reviews"), "reviews", _WHILE_IT_GROWS),
    Link(Role.BUDGET_ADMINISTRATOR, _("What stands on the ballot"), "ballot_desk", _WHILE_IT_GROWS),
    Link(Role.BUDGET_ADMINISTRATOR, _("Voter roll"), "roll_desk", _WHILE_IT_GROWS),
    Link(Role.BUDGET_ADMINISTRATOR, _("Letters with codes"), "letters_desk", (_State.OPEN,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Voting on paper"), "paper_desk", _WHILE_PAPER_LASTS),
    Link(Role.BUDGET_ADMINISTRATOR, _("Kiosks"), "kiosks_desk", (_State.OPEN,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Move a phase"), "moving", (_State.OPEN,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Extend the vote"), "extending", (_State.OPEN,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Key of the vote"), "cycle_key", (_State.DRAFT,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("Open the ballots"), "unsealing", (_State.CLOSED,)),
    Link(Role.CERTIFIER, _("Certify and publish"), "cycle_desk", _TO_BE_JUDGED),
    Link(Role.POLL_OFFICER, _("Put one person on the roll"), "officers_desk", (_State.OPEN,)),
    Link(Role.POLL_OFFICER, _("Kiosks"), "kiosks_desk", (_State.OPEN,)),
    Link(Role.POLL_OFFICER, _("Check in, on paper"), "check_in", _AT_THE_POLLS, on_paper=True),
    Link(Role.CLERK, _("Key paper ballots"), "keying", (_State.CLOSED,), on_paper=True),
    Link(Role.CLERK, _("Compare the sample"), "sample", (_State.CLOSED,), on_paper=True),
    Link(Role.OBSERVER, _("Compare the sample"), "sample", (_State.CLOSED,), on_paper=True),
    Link(Role.BUDGET_ADMINISTRATOR, _("Who takes part"), "participation", (_State.OPEN,)),
    Link(Role.BUDGET_ADMINISTRATOR, _("What was done"), "trail", _NOT_OVER),
    Link(Role.OBSERVER, _("What was done"), "trail", tuple(set(_State) - {_State.DRAFT})),
    Link(Role.OBSERVER, _("Observing"), "observing", tuple(set(_State) - {_State.DRAFT})),
)  # fmt: skip


@require_safe
@login_required
@never_cache
def my_desks(request: SignedInRequest) -> HttpResponse:
    """Every desk that my roles open: those of the town, and those of each cycle."""
    roles = roles_of(request.user)
    opened_by = roles | ({SUPERUSER} if may_give_roles(request.user) else set())
    mine = [desk for desk in DESKS if desk.role in opened_by]
    waiting = waiting_for(request.user)
    waits: dict[Desk, Waiting] = {}
    for each in waiting:
        waits.setdefault(each.desk, each)
    held_here = visible_cycles(request.user).filter(origin=Origin.RUN)
    cycles = held_here.select_related("paper").order_by("-pk")
    of_the_town = [
        (reverse(desk.page), Listed(desk, waits.get((desk.role, desk.page, ""))))
        for desk in mine
        if not desk.states
    ]
    of_cycles = list(_of_cycles(mine, list(cycles[:MOST_CYCLES]), waits))
    listed = [*of_the_town, *(desk for _cycle, desks in of_cycles for desk in desks)]
    stands_there = {desk.waits for _address, desk in listed}
    context = {
        # What waits at a page that is none of these, as money of a draft does for treasurers, or at
        # one beside which something else of it stands.
        "others": [each for each in waiting if each not in stands_there],
        "reads_trail": request.user.is_superuser or not roles.isdisjoint(TRAIL_ROLES),
        "has_any": bool(opened_by),
        "roles": [Role(role).label for role in sorted(roles)],
        "of_the_town": of_the_town,
        "of_cycles": of_cycles,
    }
    return render(request, "town/my_desks.html", context)


def _of_cycles(
    mine: list[Link], cycles: list[Cycle], waits: Mapping[Desk, Waiting]
) -> Iterator[tuple[Cycle, list[tuple[str, Listed]]]]:
    """Cycles with the desks that are of use now, those without left out."""
    for cycle in cycles:
        now = [desk for desk in mine if desk.is_of_use(cycle)]
        if now:
            yield (
                cycle,
                [
                    (
                        reverse(desk.page, args=[cycle.slug]),
                        Listed(desk, waits.get((desk.role, desk.page, cycle.slug))),
                    )
                    for desk in now
                ],
            )
