"""What must hold of the whole town, and what should have happened by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from budgeting.selectors import told_nobody
from budgeting.selectors.appropriations import invariants as laws_of_votes
from budgeting.services.closing import closing_late
from budgeting.services.keying_anew import KeyTrouble, key_troubles
from budgeting.services.urns import open_without_key
from civicfund.audit.services import db_now, one_moment
from civicfund.complaints.selectors import late as late_complaints
from civicfund.complaints.selectors import untold as untold_complaints
from civicfund.ledger.selectors import Invariant
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.payments.selectors import orphan_count, overdue_events
from civicfund.payouts.selectors import invariants as laws_of_payouts
from civicfund.payouts.selectors import transfers_stuck
from civicfund.people.selectors import documents_overdue
from civicfund.pledges.selectors.laws import lasting as laws_of_pledges
from civicfund.pledges.selectors.laws import overdue
from civicfund.reconciliation.selectors import difference_count, is_overdue
from civicfund.reconciliation.selectors import invariants as laws_of_corrections
from civicfund.talk.selectors import untold

COMPARED_WITHIN = 50  # hours: a night may fail once
# How old what the treasurers' desk says of the books may be: every law reads all of them, which
# takes more than a second over a million postings. Longer than between two sweeps that ask.
CHECK_KEPT_SECONDS = 900
_LAST_CHECK = "books:checked"
_KEPT_IDS = 20  # of what breaks a law; `check_books` on the command line lists more


def laws() -> list[Invariant]:
    """Every law of docs/money.md, one query each or two: what breaks it, empty while it holds."""
    return [*lasting_laws(), *overdue()]


def lasting_laws() -> list[Invariant]:
    """Those that hold whatever has crashed, all asked of one instant: money moves meanwhile."""
    with one_moment():
        return [
            *laws_of_the_books(), *laws_of_pledges(), *laws_of_payouts(), *laws_of_corrections(),
            *laws_of_votes(),
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BooksChecked:
    """When the lasting laws were last asked, by the database's clock, and what broke each."""

    at: datetime
    laws: list[Invariant]

    @property
    def broken(self) -> list[Invariant]:
        """The laws that did not hold."""
        return [law for law in self.laws if law.broken_by]


def check_books() -> BooksChecked:
    """Ask every lasting law now, and keep what came of it for whoever looks next.

    What is late is no law of the books: ``alarms`` counts it.
    """
    at = db_now()
    checked = BooksChecked(at, lasting_laws())
    rows = [(law.name, law.broken_by[:_KEPT_IDS]) for law in checked.laws]
    cache.set(_LAST_CHECK, (at, rows), CHECK_KEPT_SECONDS)
    return checked


def last_check() -> BooksChecked:
    """What came of the last check; where none is kept, they are checked now.

    To be looked at. Whoever moves money asks the laws themselves.
    """
    kept = cache.get(_LAST_CHECK)
    if kept is None:
        return check_books()
    at, rows = kept
    return BooksChecked(at, [Invariant(*row) for row in rows])


def alarms() -> dict[str, int]:
    """How much is late that a worker should have done, by what it is: zeros while all is well."""
    keys = key_troubles()
    return {
        **{law.name: len(law.broken_by) for law in overdue()},
        "provider events that wait longer than ten minutes": overdue_events(minutes=10),
        "payments at the provider that fit nothing of ours": orphan_count(),
        "approved transfers to accounts that the provider does not pay": transfers_stuck(),
        "movements that the provider and our books tell differently": difference_count(),
        "votes that should have closed ten minutes ago": len(closing_late(minutes=10)),
        "open votes whose slot key is missing: nobody can vote": len(open_without_key()),
        "closed votes whose root was mailed to nobody: note it, and find out who took the roles"
        " from all who watch": len(told_nobody()),
        "documents about homes that should be gone": documents_overdue(minutes=10),
        "votes whose key of paper ballots is gone: bring its file back, or have keying begun anew"
        " at the desk of paper": keys[KeyTrouble.LOST],
        "votes whose key of paper ballots is gone after the keying: bring its file back, or the"
        " sample cannot be compared": keys[KeyTrouble.LOST_AFTER_KEYING],
        "votes whose key of paper ballots cannot be read: look at its folder": keys[
            KeyTrouble.UNREADABLE
        ],
        "comments that nobody was told of": untold(minutes=10),
        "complaints that the desk was not told of": untold_complaints(minutes=10),
        "complaints that wait longer for an answer than they may": late_complaints(),
        "comparisons with the provider that are overdue": int(is_overdue(hours=COMPARED_WITHIN)),
    }
