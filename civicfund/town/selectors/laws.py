"""What must hold of the whole town, and what should have happened by now."""

from __future__ import annotations

from budgeting.services.closing import closing_late
from budgeting.services.paper import paper_without_key
from budgeting.services.urns import open_without_key
from civicfund.complaints.selectors import late as late_complaints
from civicfund.complaints.selectors import untold as untold_complaints
from civicfund.ledger.selectors import Invariant
from civicfund.ledger.selectors import invariants as laws_of_the_books
from civicfund.payments.selectors import orphan_count, overdue_events
from civicfund.payouts.selectors import invariants as laws_of_payouts
from civicfund.people.selectors import documents_overdue
from civicfund.pledges.selectors.laws import invariants as laws_of_pledges
from civicfund.pledges.selectors.laws import overdue
from civicfund.reconciliation.selectors import difference_count, is_overdue
from civicfund.reconciliation.selectors import invariants as laws_of_corrections
from civicfund.talk.selectors import untold

COMPARED_WITHIN = 50  # hours: a night may fail once


def laws() -> list[Invariant]:
    """Every law of docs/money.md, one query each or two: what breaks it, empty while it holds."""
    return [*laws_of_the_books(), *laws_of_pledges(), *laws_of_payouts(), *laws_of_corrections()]


def alarms() -> dict[str, int]:
    """How much is late that a worker should have done, by what it is: zeros while all is well."""
    return {
        **{law.name: len(law.broken_by) for law in overdue()},
        "provider events that wait longer than ten minutes": overdue_events(minutes=10),
        "payments at the provider that fit nothing of ours": orphan_count(),
        "movements that the provider and our books tell differently": difference_count(),
        "votes that should have closed ten minutes ago": len(closing_late(minutes=10)),
        "open votes whose slot key is missing: nobody can vote": len(open_without_key()),
        "documents about homes that should be gone": documents_overdue(minutes=10),
        "votes whose key of paper ballots is missing: none can be keyed": len(paper_without_key()),
        "comments that nobody was told of": untold(minutes=10),
        "complaints that the desk was not told of": untold_complaints(minutes=10),
        "complaints that wait longer for an answer than they may": late_complaints(),
        "comparisons with the provider that are overdue": int(is_overdue(hours=COMPARED_WITHIN)),
    }
