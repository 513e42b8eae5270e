"""On the page of a review: the project as everybody sees it, its supports, and its pot."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from budgeting.access import holds
from budgeting.models import Cycle, Proposal
from budgeting.selectors.pots import (
    is_misplaced,
    last_given_pot,
    other_pots,
    reviews_it,
    takes_another_pot,
)
from budgeting.selectors.supports import people_supporting, supports_by_proposal
from budgeting.services.proposals import give_pot
from budgeting.views.desks import Desk
from civicfund.people.enums import Role
from civicfund.people.requests import SignedInRequest
from civicfund.projects.enums import FileKind
from civicfund.projects.selectors import files_of
from civicfund.projects.selectors.moderation import files_taken_down


def what_is_proposed(request: SignedInRequest, cycle: Cycle, proposal: Proposal) -> dict[str, Any]:
    """For the template; as many queries whatever there is to show."""
    project = proposal.project
    files = files_of(project)
    misplaced = is_misplaced(proposal)
    administers = holds(request.user, Role.BUDGET_ADMINISTRATOR)
    proposal.cycle = cycle  # with its phases
    may_say = takes_another_pot(proposal, misplaced=misplaced) and (
        administers or reviews_it(request.user, proposal)
    )
    return {
        "project": project,
        "pictures": [file for file in files if file.kind == FileKind.PICTURE],
        "papers": [file for file in files if file.kind == FileKind.PDF],
        "taken_down": files_taken_down(project),
        "shapes": [project.neighborhood],
        "pins": [project],
        "supports": supports_by_proposal([proposal]).get(proposal.pk),
        "people": people_supporting([proposal])[proposal.pk],
        "misplaced": misplaced,
        "given_pot": last_given_pot(proposal),
        "may_give_pot": may_say,
        "other_pots": may_say and other_pots(proposal).exists(),
    }


def give_another_pot(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    """The act of the page's small form."""
    give_pot(proposal, desk.given["pot"], reason=desk.given["reason"], by=request.user)
    words = _("It asks “%(pot)s” for its money now, and its authors are told.")
    messages.success(request, words % {"pot": desk.given["pot"]})
    return redirect("review", slug=proposal.cycle.slug, pk=proposal.pk)
