"""Deciding that money leaves: asked for by one treasurer, approved by another."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from civicfund.audit.models import ActRequest
from civicfund.audit.services import (
    ApprovalError,
    advance,
    approve_act,
    db_now,
    record,
    request_act,
)
from civicfund.delivery.models import Milestone
from civicfund.delivery.selectors import has_plan, reached_milestones
from civicfund.ledger import domain as books
from civicfund.ledger.services import alone_with_project, post
from civicfund.notices.services import tell
from civicfund.payouts.enums import METHODS, PAYOUT_MOVES, Method, PayoutState, Source
from civicfund.payouts.models import Payout
from civicfund.payouts.selectors import (
    approved_account_of,
    broken_laws,
    purse_of,
    why_not_now,
)
from civicfund.payouts.services.accounts import check_treasurer
from civicfund.payouts.services.errors import RefusedError
from civicfund.people.models import User
from civicfund.projects.models import Project
from civicfund.projects.services.holding import hold_project
from civicfund.templatetags.money import money
from civicfund.words import seen

log = structlog.get_logger(__name__)

ACT = "pay_out"


def request_payout(
    project: Project,
    *,
    by: User,
    source: Source,
    method: Method,
    amount_minor: int,
    milestone: Milestone | None = None,
) -> Payout:
    """Ask that money of a project leave. Raises ``RefusedError``.

    Where the project has a plan, it is for a milestone of it that is reached. A transfer goes to
    the account of the project's proposer that was approved last.
    """
    check_treasurer(by)
    if method not in METHODS[source]:
        raise RefusedError(_("This money does not leave that way."), field="method")
    with transaction.atomic():
        alone_with_project(project.pk)
        hold_project(project)  # so that its plan stays while money is asked for by it
        _check_milestone(project, milestone)
        _check_free(project, source, amount_minor, milestone)
        account = approved_account_of(project.proposer) if method == Method.TRANSFER else None
        if method == Method.TRANSFER and account is None:
            raise RefusedError(
                _("The project's owner has no approved account yet."), field="method"
            )
        payout = Payout.objects.create(
            project=project,
            source=source,
            method=method,
            account=account,
            milestone=milestone,
            amount_minor=amount_minor,
            currency=settings.CURRENCY,
            requested_by=by,
        )
        record("payout.asked", payout, actor=by, project=project.pk, amount_minor=amount_minor)
        request_act(ACT, payout, requested_by=by, project=project.pk, amount_minor=amount_minor)
    return payout


def approve_payout(payout: Payout, *, by: User) -> Payout:
    """Let a payout go that somebody else has asked for. Raises ``RefusedError``.

    A transfer is sent by a sweep; a bank payment waits for its reference; what the town keeps is
    booked at once.
    """
    check_treasurer(by)
    _check_books()
    with transaction.atomic():
        alone_with_project(payout.project_id)
        row = Payout.objects.select_for_update().get(pk=payout.pk)
        if row.state != PayoutState.WAITING:
            raise RefusedError(_("This payout no longer waits for anybody."))
        _check_free(row.project, Source(row.source), row.amount_minor, row.milestone)
        _check_account(row)
        approved_by_another(ACT, row, by)
        sends = row.method == Method.TRANSFER
        advance(
            row, PayoutState.APPROVED, PAYOUT_MOVES,
            actor=by, next_step_at=db_now() if sends else None,
        )  # fmt: skip
        book(row, "payout_owed", books.payout_owed(row.project_id, row.source, row.amount_minor))
        if row.method == Method.KEPT:
            pay(row, out_of=books.OWN_PROJECTS, actor=by)
    return row


def approved_by_another(act: str, row: Model, by: User) -> None:
    """A second treasurer's yes to what the first has asked for. Raises ``RefusedError``."""
    request = ActRequest.objects.get(
        act=act, target_type=row._meta.label_lower, target_id=str(row.pk)
    )
    try:
        approve_act(request, approved_by=by)
    except ApprovalError as error:
        raise RefusedError(_("Somebody else has to approve what you have asked for.")) from error


def reject_payout(payout: Payout, *, by: User) -> Payout:
    """Do not make a payout that waits for a second person, or that is approved and not sent yet.

    What was approved is owed to the project again. Raises ``RefusedError``.
    """
    check_treasurer(by)
    with transaction.atomic():
        alone_with_project(payout.project_id)
        row = Payout.objects.select_for_update().get(pk=payout.pk)
        if row.state == PayoutState.APPROVED and row.sent_at is not None:
            raise RefusedError(
                _("It is with the provider already. Once it is made, it can be taken back.")
            )
        was_owed = row.state == PayoutState.APPROVED
        advance(
            row, PayoutState.CANCELLED, PAYOUT_MOVES,
            actor=by, resolved_at=db_now(), next_step_at=None, lease_until=None,
        )  # fmt: skip
        if was_owed:
            legs = books.payout_called_off(row.project_id, row.source, row.amount_minor)
            book(row, "payout_called_off", legs)
    return row


def note_bank_payment(payout: Payout, *, by: User, reference: str) -> Payout:
    """Note that the town's bank has made an approved payment. Raises ``RefusedError``."""
    check_treasurer(by)
    said = seen(reference)
    if not said:
        raise RefusedError(_("Say under which reference the bank made it."), field="reference")
    with transaction.atomic():
        row = Payout.objects.select_for_update().get(pk=payout.pk)
        if row.method != Method.BANK or row.state != PayoutState.APPROVED:
            raise RefusedError(_("This payout is not waiting for a bank payment."))
        return pay(row, out_of=books.BANK, actor=by, bank_reference=said)


def pay(payout: Payout, *, out_of: str, actor: User | None, **proof: str) -> Payout:
    """Note that it has left, and where from. The caller holds the payout's lock."""
    advance(
        payout, PayoutState.PAID, PAYOUT_MOVES,
        actor=actor, resolved_at=db_now(), next_step_at=None, lease_until=None,
        failure_code="", **proof,
    )  # fmt: skip
    book(payout, "payout_made", books.payout_made(payout.amount_minor, out_of))
    if payout.method != Method.KEPT:
        tell(
            payout.project.proposer, "own_project_paid", payout,
            project=payout.project.title, amount_minor=payout.amount_minor,
            project_url=payout.project.get_absolute_url(), method=payout.method,
        )  # fmt: skip
    return payout


def book(payout: Payout, kind: str, legs: books.Legs) -> None:
    """Post a fact about a payout, once."""
    post(
        kind,
        source_type="payout",
        source_id=str(payout.pk),
        legs=legs,
        currency=payout.currency,
    )


def _check_books() -> None:
    """Every law, whatever it is of: money that has left is not seen again."""
    if broken := broken_laws():
        log.error("payout.held_by_the_books", broken=broken)
        raise RefusedError(
            _("The books do not add up, so nothing is paid out now. See the treasury.")
        )


def _check_milestone(project: Project, milestone: Milestone | None) -> None:
    if milestone is None and has_plan(project.pk):
        raise RefusedError(
            _("This project is paid by milestones: say for which."), field="milestone"
        )
    reached = reached_milestones(project.pk)
    if milestone is not None and not reached.filter(pk=milestone.pk).exists():
        raise RefusedError(_("This milestone is not reached yet."), field="milestone")


def _check_free(
    project: Project, source: Source, amount_minor: int, milestone: Milestone | None
) -> None:
    if held := why_not_now(project.pk, source):
        raise RefusedError(held)
    free = purse_of(project.pk, source, milestone).free_minor
    if not 0 < amount_minor <= free:
        raise RefusedError(
            _("%(free)s can be paid out now.") % {"free": money(free)}, field="amount"
        )


def _check_account(payout: Payout) -> None:
    """The account is still the one that the owner's money goes to."""
    if payout.account is None:
        return
    if payout.account != approved_account_of(payout.project.proposer):
        raise RefusedError(_("The owner's account has changed since: ask for the payout again."))
