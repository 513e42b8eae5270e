"""What goes on at a place beside its projects, votes and campaigns."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from budgeting.enums import PhaseKind, ProposalState
from budgeting.models import Proposal
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import (
    Progress,
    next_milestones,
    progress_of,
    unreached_milestones,
)
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
    return Q(Exists(_won()) | Exists(_funded()))


def _won() -> QuerySet[Proposal]:
    return Proposal.objects.filter(project=OuterRef("pk"), state=ProposalState.SELECTED)


def _funded() -> QuerySet[Campaign]:
    settled = (*COLLECTING_CAMPAIGN, *SETTLED_CAMPAIGN)
    return Campaign.objects.filter(project=OuterRef("pk"), state__in=settled)


class Work(models.TextChoices):
    """How far a project that has its money is: what a place's list can be narrowed by."""

    TO_DO = "to-do", _("Still to be done")
    DONE = "done", _("Done")


def funded_at(places: Collection[int], work: Work | None = None) -> QuerySet[Project]:
    """Projects there that have won or were funded, what got its money last coming first.

    Done are those whose plan has no milestone left; without a plan nothing says that one is.
    """
    by_vote = _won().annotate(
        at=Max("cycle__phases__ends_at", filter=Q(cycle__phases__kind=PhaseKind.BALLOTING))
    )
    since = Greatest(
        Subquery(by_vote.order_by("-at").values("at")[:1]),
        Subquery(_funded().order_by("-deadline_at").values("deadline_at")[:1]),
    )
    rows = Project.objects.listed().filter(has_money(), neighborhood__in=places)
    if work is not None:
        planned = Exists(Milestone.objects.filter(project=OuterRef("pk")))
        ahead = Exists(unreached_milestones().filter(project=OuterRef("pk")))
        done = Q(planned) & ~Q(ahead)
        rows = rows.filter(done if work == Work.DONE else ~done)
    return rows.defer("story", "search").order_by(since.desc(nulls_last=True), "-pk")


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
