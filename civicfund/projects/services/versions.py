"""Keeping what a project said, and going back to it."""

from __future__ import annotations

from typing import Any

from civicfund.people.models import User
from civicfund.projects.enums import ASKED_PARTS, ProjectState
from civicfund.projects.models import Project, Version

FIELDS = (
    "title",
    "summary",
    "story",
    "category",
    "neighborhood_id",
    "latitude",
    "longitude",
    "address",
    "running_minor",
    "lifetime_years",
)


def keep_first_version(project: Project) -> None:
    """Where a project has no history yet, begin it with what it says now, under its proposer.

    The caller holds the project's lock and has changed nothing.
    """
    if not project.versions.exists():
        Version.objects.create(
            number=1,
            author_id=project.proposer_id,
            at=project.published_at or project.created_at,
            **_said(project),
        )


def keep_version(
    project: Project, *, by: User, helper: User | None = None, restored: int | None = None
) -> Version | None:
    """Add what the project says now to its history; None where it says what it said before.

    Whoever helped stands in it in any case. The caller holds the project's lock.
    """
    said = _said(project)
    latest = project.versions.order_by("-number").first()
    if latest and helper is None and all(getattr(latest, n) == value for n, value in said.items()):
        return None
    return Version.objects.create(
        number=(latest.number if latest else 0) + 1,
        author=by,
        helper=helper,
        restored=restored,
        **said,
    )


def _said(project: Project) -> dict[str, Any]:
    lines = [[line.label, line.amount_minor] for line in project.cost_lines.order_by("position")]
    return {name: getattr(project, name) for name in FIELDS} | {
        "project": project,
        "is_public": project.state != ProjectState.DRAFT,
        "cost_lines": lines,
        "wanted": [part.value for part in ASKED_PARTS if part in project.wanted],
    }
