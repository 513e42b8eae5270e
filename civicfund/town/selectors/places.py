"""What goes on at a place beside its projects, votes and campaigns."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from budgeting.enums import ProposalState
from budgeting.models import Proposal
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import Progress, next_milestones, progress_of
from civicfund.pledges.enums import COLLECTING_CAMPAIGN, SETTLED_CAMPAIGN
from civicfund.pledges.models import Campaign
from civicfund.prepared import Prepared
from civicfund.projects.models import Project
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment
from civicfund.talk.selectors import questions_to_city

MOST_BUILT = 6
MOST_ASKED = 6


@dataclass(frozen=True, slots=True)
class Built:
    """A project that is being built: how far it is, and which milestone comes next."""

    progress: Progress
    next: Milestone

    @property
    def project(self) -> Project:
        """Which one."""
        return self.next.project


def being_built(places: Collection[int]) -> list[Built]:
    """The first of ``milestones_at``, each with how far its project is. Two queries for all."""
    return how_far(_next_at(places))


def how_far(coming: Iterable[Milestone]) -> list[Built]:
    """Each of these milestones with how far its project is; one query for all."""
    found = list(coming)
    progress = progress_of(each.project_id for each in found) if found else {}
    return [Built(progress[each.project_id], each) for each in found]


@Prepared
def _next_at(places: Collection[int]) -> QuerySet[Milestone]:
    return milestones_at(places)[:MOST_BUILT]


def milestones_at(places: Collection[int]) -> QuerySet[Milestone]:
    """Of each project there that has won or was funded the milestone that comes next, the one that
    is due first coming first.
    """
    here = Project.objects.listed().filter(has_money(), neighborhood__in=places)
    return next_milestones(here).defer("project__story", "project__search")


def has_money() -> Q:
    """Of projects, those that have won a vote or were funded by a campaign."""
    won = Proposal.objects.filter(project=OuterRef("pk"), state=ProposalState.SELECTED)
    funded = Campaign.objects.filter(
        project=OuterRef("pk"), state__in=(*COLLECTING_CAMPAIGN, *SETTLED_CAMPAIGN)
    )
    return Q(Exists(won) | Exists(funded))


@Prepared
def asked_at(places: Collection[int]) -> QuerySet[Comment]:
    """The first of ``questions_at``."""
    return questions_at(places)[:MOST_ASKED]


def questions_at(places: Collection[int]) -> QuerySet[Comment]:
    """What the city was asked about projects there and their campaigns, the open ones first, then
    the newest; ``answered`` says which are.
    """
    # Of each question it is asked whether it is about one of them: there are fewer questions.
    subject = OuterRef("thread__subject_id")
    there = Project.objects.listed().filter(neighborhood__in=places)
    raising = Campaign.objects.public().filter(project__in=there, pk=subject)
    about = Q(thread__kind=SubjectKind.PROJECT) & Q(Exists(there.filter(pk=subject)))
    about |= Q(thread__kind=SubjectKind.CAMPAIGN) & Q(Exists(raising))
    return questions_to_city(about)
