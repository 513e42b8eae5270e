"""Questions about the whole town."""

from __future__ import annotations

from civicfund.town.selectors.archive import decided_in
from civicfund.town.selectors.feeds import Entry, dates_of, entries_of
from civicfund.town.selectors.laws import BooksChecked, alarms, check_books, last_check, laws
from civicfund.town.selectors.mine import what_came_of
from civicfund.town.selectors.places import asked_at, being_built
from civicfund.town.selectors.steps import next_step

__all__ = [
    "BooksChecked",
    "Entry",
    "alarms",
    "asked_at",
    "being_built",
    "check_books",
    "dates_of",
    "decided_in",
    "entries_of",
    "last_check",
    "laws",
    "next_step",
    "what_came_of",
]
