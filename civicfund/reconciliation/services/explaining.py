"""Saying what a difference is, and correcting the books by it: one asks, another approves.

Nothing of the provider's changes here. What is accepted ends the difference; the next comparison
finds it anew where either side has changed since.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import advance, db_now, record, request_act
from civicfund.ledger import domain as books
from civicfund.ledger.services import post
from civicfund.payouts.services.accounts import check_treasurer
from civicfund.payouts.services.deciding import approved_by_another
from civicfund.payouts.services.errors import RefusedError
from civicfund.people.models import User
from civicfund.reconciliation.enums import EXPLANATION_MOVES, ExplanationState
from civicfund.reconciliation.models import Difference, Explanation

ACT = "correct_books"


def explain(difference: Difference, *, by: User, words: str, correct: bool) -> Explanation:
    """Say what a difference is. Raises ``RefusedError``.

    Words alone end it at once. To ``correct`` the books, so that they say the provider holds what
    it does, waits for a second treasurer.
    """
    check_treasurer(by)
    said = words.strip()
    if not said:
        raise RefusedError(_("Say what it is."), field="words")
    with transaction.atomic():
        row = _open(difference.pk)
        if row.explanations.filter(state=ExplanationState.WAITING).exists():
            raise RefusedError(_("A correction of it waits for a second treasurer already."))
        if correct and not row.off_minor:
            raise RefusedError(
                _("The provider holds as much as the books say: there is no amount to correct."),
                field="correct",
            )
        explanation = Explanation.objects.create(
            difference=row,
            state=ExplanationState.WAITING if correct else ExplanationState.ACCEPTED,
            words=said,
            corrected_minor=row.off_minor if correct else 0,
            currency=settings.CURRENCY,
            requested_by=by,
            resolved_at=None if correct else db_now(),
        )
        _note_asked(explanation, by)
    return explanation


def _note_asked(explanation: Explanation, by: User) -> None:
    amount = explanation.corrected_minor
    record("difference.explained", explanation, actor=by, corrected_minor=amount)
    if amount:
        request_act(ACT, explanation, requested_by=by, corrected_minor=amount)
    else:
        _end(explanation.difference)


def approve_correction(explanation: Explanation, *, by: User) -> Explanation:
    """Correct the books as another treasurer has asked for. Raises ``RefusedError``."""
    check_treasurer(by)
    with transaction.atomic():
        difference = _open(explanation.difference_id)
        row = Explanation.objects.select_for_update().get(pk=explanation.pk)
        if row.state != ExplanationState.WAITING:
            raise RefusedError(_("This no longer waits for anybody."))
        if row.corrected_minor != difference.off_minor:
            raise RefusedError(_("The difference has changed since: ask for it again."))
        approved_by_another(ACT, row, by)
        advance(row, ExplanationState.ACCEPTED, EXPLANATION_MOVES, actor=by, resolved_at=db_now())
        post(
            "corrected",
            source_type="correction",
            source_id=str(row.pk),
            legs=books.corrected(row.corrected_minor),
            currency=row.currency,
        )
        _end(difference)
    return row


def reject_correction(explanation: Explanation, *, by: User) -> Explanation:
    """Do not correct what waits for a second person: the difference stays."""
    check_treasurer(by)
    return advance(
        explanation, ExplanationState.CANCELLED, EXPLANATION_MOVES, actor=by, resolved_at=db_now()
    )


def _open(pk: int) -> Difference:
    """The difference, alone with it, while there still is one."""
    row = Difference.objects.select_for_update().get(pk=pk)
    if row.ended_at is not None:
        raise RefusedError(_("This no longer differs."))
    return row


def _end(difference: Difference) -> None:
    Difference.objects.filter(pk=difference.pk).update(ended_at=db_now())
