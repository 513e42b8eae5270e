"""Reading projects."""

from civicfund.projects.selectors.projects import (
    HELD_FIELDS,
    Hold,
    files_of,
    held_by,
    help_wanted,
    helpers_of,
    helps_of_row,
    matching,
    missing_parts,
    why_held,
)

__all__ = [
    "HELD_FIELDS",
    "Hold",
    "files_of",
    "held_by",
    "help_wanted",
    "helpers_of",
    "helps_of_row",
    "matching",
    "missing_parts",
    "why_held",
]
