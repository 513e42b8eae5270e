"""Questions about the whole town."""

from __future__ import annotations

from civicfund.town.selectors.archive import decided_in
from civicfund.town.selectors.feeds import Entry, dates_of, entries_of
from civicfund.town.selectors.laws import BooksChecked, alarms, check_books, last_check, laws
from civicfund.town.selectors.mine import what_came_of
from civicfund.town.selectors.places import (
    MOST_ASKED,
    MOST_BUILT,
    Work,
    asked_at,
    being_built,
    funded_at,
    how_far,
    milestones_at,
    questions_at,
)
from civicfund.town.selectors.steps import next_step

__all__ = [
    "MOST_ASKED",
    "MOST_BUILT",
    "BooksChecked",
    "Entry",
    "Work",
    "alarms",
    "asked_at",
    "being_built",
    "check_books",
    "dates_of",
    "decided_in",
    "entries_of",
    "funded_at",
    "how_far",
    "last_check",
    "laws",
    "milestones_at",
    "next_step",
    "questions_at",
    "what_came_of",
]
