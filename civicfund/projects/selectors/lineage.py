"""Where a project was taken from, and where it was taken to."""

from __future__ import annotations

from civicfund.prepared import Prepared
from civicfund.projects.models import Project, ProjectQuerySet

# Whoever copies asks nobody: there may be any number.
MOST_COPIES = 20


def copied_from(project: Project) -> Project | None:
    """The public project that it was copied from, with whoever proposed that one."""
    if project.copied_from_id is None:
        return None
    return lineage_rows().filter(pk=project.copied_from_id).first()


def copies_of(project: Project) -> tuple[list[Project], int]:
    """The first public projects that were copied from it, and how many more there are."""
    rows = _copies(project.pk)
    shown = rows[:MOST_COPIES]
    return shown, _all_copies.count(project.pk) - len(shown) if len(rows) > len(shown) else 0


@Prepared
def _copies(project: int) -> ProjectQuerySet:
    return lineage_rows().filter(copied_from=project).order_by("pk")[: MOST_COPIES + 1]


@Prepared
def _all_copies(project: int) -> ProjectQuerySet:
    return Project.objects.public().filter(copied_from=project)


def lineage_rows() -> ProjectQuerySet:
    """Public projects as a line of their own shows them."""
    rows = Project.objects.public().select_related("proposer", "neighborhood")
    return rows.defer("story", "search", "neighborhood__boundary")
