"""On the page of a review: the project as everybody sees it, and its supports."""

from __future__ import annotations

from typing import Any

from budgeting.models import Proposal
from budgeting.selectors.supports import people_supporting, supports_by_proposal
from civicfund.projects.enums import FileKind
from civicfund.projects.selectors import files_of
from civicfund.projects.selectors.moderation import files_taken_down


def what_is_proposed(proposal: Proposal) -> dict[str, Any]:
    """For the template; as many queries whatever there is to show."""
    project = proposal.project
    files = files_of(project)
    return {
        "project": project,
        "pictures": [file for file in files if file.kind == FileKind.PICTURE],
        "papers": [file for file in files if file.kind == FileKind.PDF],
        "taken_down": files_taken_down(project),
        "shapes": [project.neighborhood],
        "pins": [project],
        "supports": supports_by_proposal([proposal]).get(proposal.pk),
        "people": people_supporting([proposal])[proposal.pk],
    }
