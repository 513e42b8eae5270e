"""Reading projects."""

from civicfund.projects.selectors.projects import (
    ALIKE,
    HELD_FIELDS,
    Hold,
    held_by,
    help_wanted,
    helpers_of,
    helps_of_row,
    matching,
    missing_parts,
    why_held,
)

__all__ = [
    "ALIKE",
    "HELD_FIELDS",
    "Hold",
    "held_by",
    "help_wanted",
    "helpers_of",
    "helps_of_row",
    "matching",
    "missing_parts",
    "why_held",
]
