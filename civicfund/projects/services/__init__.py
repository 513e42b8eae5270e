"""Acts about projects."""

from civicfund.projects.models import LONGEST_STORY, MOST_PER_LINE_MINOR, MOST_YEARS
from civicfund.projects.services.errors import OvertakenError, ProjectError
from civicfund.projects.services.holding import CHANGEABLE
from civicfund.projects.services.writing import (
    MOST_COST_LINES,
    Cost,
    Description,
    copy_project,
    cost_lines_of,
    create_project,
    edit_project,
    place_of_point,
    publish_project,
    restore_version,
    withdraw_project,
)

__all__ = [
    "CHANGEABLE",
    "LONGEST_STORY",
    "MOST_COST_LINES",
    "MOST_PER_LINE_MINOR",
    "MOST_YEARS",
    "Cost",
    "Description",
    "OvertakenError",
    "ProjectError",
    "copy_project",
    "cost_lines_of",
    "create_project",
    "edit_project",
    "place_of_point",
    "publish_project",
    "restore_version",
    "withdraw_project",
]
