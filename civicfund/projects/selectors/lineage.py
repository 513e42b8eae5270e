"""Where a project was taken from, and where it was taken to."""

from __future__ import annotations

from civicfund.prepared import Prepared
from civicfund.projects.models import Project, ProjectQuerySet


def copied_from(project: Project) -> Project | None:
    """The public project that it was copied from, with whoever proposed that one."""
    if project.copied_from_id is None:
        return None
    return lineage_rows().filter(pk=project.copied_from_id).first()


def copies_of(project: Project) -> list[Project]:
    """The public projects that were copied from it, the oldest first."""
    return _copies(project.pk)


@Prepared
def _copies(project: int) -> ProjectQuerySet:
    return lineage_rows().filter(copied_from=project).order_by("pk")


def lineage_rows() -> ProjectQuerySet:
    """Public projects as a line of their own shows them."""
    rows = Project.objects.public().select_related("proposer", "neighborhood")
    return rows.defer("story", "search", "neighborhood__boundary")
