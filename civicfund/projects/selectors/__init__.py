"""Reading projects."""

from civicfund.projects.selectors.projects import (
    ALIKE,
    HELD_FIELDS,
    Hold,
    held_by,
    matching,
    missing_parts,
    why_held,
)

__all__ = [
    "ALIKE",
    "HELD_FIELDS",
    "Hold",
    "held_by",
    "matching",
    "missing_parts",
    "why_held",
]
