"""Reading projects."""

from civicfund.projects.selectors.projects import (
    HELD_FIELDS,
    Distance,
    Hold,
    Tie,
    files_of,
    held_by,
    help_wanted,
    helpers_of,
    helps_of_row,
    is_tied,
    kept_apart_by,
    matching,
    missing_parts,
    tied_by,
    why_held,
    why_kept_apart,
)

__all__ = [
    "HELD_FIELDS",
    "Distance",
    "Hold",
    "Tie",
    "files_of",
    "held_by",
    "help_wanted",
    "helpers_of",
    "helps_of_row",
    "is_tied",
    "kept_apart_by",
    "matching",
    "missing_parts",
    "tied_by",
    "why_held",
    "why_kept_apart",
]
