"""What comes of projects, in a vote, by pledges and when they are built; for lists."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from budgeting.enums import OVER_STATES, PUBLIC_STATES, UNDER_WAY, ProposalState
from budgeting.models import Proposal
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import unreached_milestones
from civicfund.pledges.enums import ASKING_CAMPAIGN
from civicfund.pledges.models import Campaign
from civicfund.projects.selectors.became import became
from civicfund.town.selectors.places import has_money

_GOES_ON = [state for state in PUBLIC_STATES if state not in OVER_STATES]
# Refused, or taken out, it is in the cycle no more.
_IN_CYCLE = (*UNDER_WAY, ProposalState.ON_BALLOT)


def _in_cycle() -> QuerySet[Any]:
    there = Proposal.objects.filter(cycle__state__in=_GOES_ON, state__in=_IN_CYCLE)
    return there.values("project")


def _won() -> QuerySet[Any]:
    return Proposal.objects.filter(state=ProposalState.SELECTED).values("project")


def _raising() -> QuerySet[Any]:
    return Campaign.objects.live().values("project")


def _funded() -> QuerySet[Any]:
    return Campaign.objects.filter(state__in=ASKING_CAMPAIGN).values("project")


def _being_built() -> Q:
    """As the pages of places say it."""
    return has_money() & Q(Exists(unreached_milestones().filter(project=OuterRef("pk"))))


def _built() -> Q:
    planned = Milestone.objects.filter(project=OuterRef("pk"))
    to_come = unreached_milestones().filter(project=OuterRef("pk"))
    return has_money() & Q(Exists(planned)) & ~Q(Exists(to_come))


def declare() -> None:
    """Let the list of projects be narrowed by all of these."""
    became("in_cycle", _("In a budget cycle now"), _in_cycle)
    became("won", _("It won a vote"), _won)
    became("raising", _("It raises money now"), _raising)
    became("funded", _("A campaign paid for it"), _funded)
    became("being_built", _("It is being built"), _being_built)
    became("built", _("It is built"), _built)
