"""Who may see and do what with a project: the one door to a project for every view."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404

from civicfund.people.models import User
from civicfund.projects.models import Project, ProjectQuerySet


def visible_projects(user: User | AnonymousUser) -> ProjectQuerySet:
    """Public projects, and one's own in any state."""
    mine = Q(proposer=user) if user.is_authenticated else Q(pk__in=[])
    return Project.objects.filter(mine | Q(pk__in=Project.objects.public().values("pk")))


def visible_project(user: User | AnonymousUser, pk: int) -> Project:
    """The project with its cost; ``Http404`` where it does not exist for this person."""
    found = (
        visible_projects(user)
        .select_related("neighborhood", "proposer")
        .with_cost()
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404("No such project.")
    return found


def own_project(user: User, pk: int) -> Project:
    """One's own project; 404 where it cannot be seen, 403 where it is somebody else's."""
    project = visible_project(user, pk)
    if project.proposer_id != user.pk:
        raise PermissionDenied
    return project
