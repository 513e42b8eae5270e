"""Reading what is reported and hidden, and what became of it."""

from __future__ import annotations

from django.db.models import Count, Min, Q, QuerySet

from civicfund.audit.models import Event
from civicfund.audit.selectors import events_of
from civicfund.people.models import User
from civicfund.prepared import Prepared
from civicfund.projects.enums import TOLD_TO_STAFF, ProjectState
from civicfund.projects.models import Project, ProjectHiding, ProjectQuerySet, Veil

# As many as a desk shows at a time.
MOST_ON_DESK = 50


def hiding_of(project: Project) -> ProjectHiding | None:
    """Why moderators hide it now; None where they do not."""
    if project.state != ProjectState.HIDDEN:
        return None
    return project.hidings.standing().first()


def told_to_staff(project: Project) -> QuerySet[Event]:
    """What happened to it since it is public, newest first: nothing that residents did unseen."""
    if project.published_at is None:
        return Event.objects.none()
    told = events_of(project).filter(verb__in=TOLD_TO_STAFF)
    return told.filter(at__gte=project.published_at)


def tombstone_of(pk: int) -> ProjectHiding | None:
    """What everybody reads in the place of a hidden project; None where none is hidden."""
    hidden = ProjectHiding.objects.standing().filter(project__state=ProjectState.HIDDEN)
    return hidden.filter(project=pk).first()


def flagged_projects() -> ProjectQuerySet:
    """Projects with reports that nobody has looked at, the longest waiting first; ``waiting``
    counts. What is hidden or withdrawn by now does not wait.
    """
    waiting = Q(flags__handled_at__isnull=True, flags__pk__isnull=False)
    rows = Project.objects.public().filter(waiting).only("title")
    counted = rows.annotate(waiting=Count("flags", filter=waiting), since=Min("flags__created_at"))
    return counted.order_by("since", "pk")


def project_appeals_for(moderator: User | int) -> QuerySet[ProjectHiding]:
    """Appeals that this moderator may decide: of what somebody else hid and others wrote."""
    others = ProjectHiding.objects.appealed().exclude(hidden_by=moderator)
    of_others = others.exclude(project__proposer=moderator)
    return of_others.exclude(project__co_authors__user=moderator).select_related("project")


@Prepared
def first_flagged_projects() -> ProjectQuerySet:
    """Those of ``flagged_projects`` that stand on a desk, and one that says that there are more."""
    return flagged_projects()[: MOST_ON_DESK + 1]


@Prepared
def first_project_appeals(moderator: int) -> QuerySet[ProjectHiding]:
    """The same of ``project_appeals_for``."""
    return project_appeals_for(moderator)[: MOST_ON_DESK + 1]


def files_taken_down(project: Project) -> list[Veil]:
    """Why pictures and papers of it are not shown, in the order in which they were taken down."""
    return _veiled_files(project.pk)


@Prepared
def _veiled_files(project: int) -> QuerySet[Veil]:
    veils = Veil.objects.standing().filter(project=project, file__isnull=False)
    return veils.order_by("veiled_at", "pk")
