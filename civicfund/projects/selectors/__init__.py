"""Reading projects."""

from civicfund.projects.selectors.projects import (
    HELD_FIELDS,
    Distance,
    Hold,
    files_of,
    held_by,
    help_wanted,
    helpers_of,
    helps_of_row,
    kept_apart_by,
    matching,
    missing_parts,
    why_held,
    why_kept_apart,
)

__all__ = [
    "HELD_FIELDS",
    "Distance",
    "Hold",
    "files_of",
    "held_by",
    "help_wanted",
    "helpers_of",
    "helps_of_row",
    "kept_apart_by",
    "matching",
    "missing_parts",
    "why_held",
    "why_kept_apart",
]
