"""Giving collected money back: who may decide it, and each refund on its way."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
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
from civicfund.ledger import domain as books
from civicfund.ledger.selectors import free_of_pledges_minor
from civicfund.ledger.services import alone_with_project, post
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import has_role
from civicfund.pledges.enums import (
    LIVE_REFUND,
    REFUND_MOVES,
    PledgeState,
    RefundReason,
    RefundState,
)
from civicfund.pledges.models import Campaign, Pledge, Refund, RefundBatch
from civicfund.pledges.selectors.returning import given_back_minor, may_go_back_minor
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.fees import note_fees
from civicfund.pledges.services.locks import pledge_alone
from civicfund.templatetags.money import money

log = structlog.get_logger(__name__)

ACT = "refund"
DAY = timedelta(hours=24)


def left_to_refund(pledge: Pledge) -> int:
    """What was collected of the pledge and nobody has decided to give back, in minor units."""
    if pledge.state != PledgeState.COLLECTED:
        return 0
    return max(0, pledge.amount_minor - given_back_minor(pledge, LIVE_REFUND))


def refund_pledge(
    pledge: Pledge,
    *,
    by: User,
    amount_minor: int | None = None,
    reason: str,
    number: UUID | None = None,
) -> Refund:
    """Decide to give part of a collected pledge back, all that is left of it by default.

    Above what one treasurer may refund alone in a day, it waits for a second one. A sweep pays it.
    ``number`` is the refund's own, known to whoever asks: asking again with it is asking once,
    while another one of the same amount is another refund. Raises ``RefusedError``.
    """
    check_treasurer(by)
    with transaction.atomic():
        row = pledge_alone(pledge.pk)
        if number is not None and (known := Refund.objects.filter(pk=number).first()):
            return _the_same(known, row, amount_minor, by)
        amount = left_to_refund(row) if amount_minor is None else amount_minor
        _check_amount(row, amount)
        refund = Refund(
            id=number or uuid4(), pledge=row, amount_minor=amount, reason=reason, requested_by=by
        )
        try:
            with transaction.atomic():
                return _plan(refund)
        except IntegrityError as error:
            if "pledges_refund_two_people" not in str(error):
                raise
        return _ask_for_a_second_person(refund, by)


def _the_same(known: Refund, pledge: Pledge, amount_minor: int | None, by: User) -> Refund:
    """The refund that was asked for under this number before, where it is the one meant."""
    is_it = known.pledge_id == pledge.pk and known.requested_by_id == by.pk
    if not is_it or amount_minor not in (None, known.amount_minor):
        raise RefusedError(_("This form was sent for another refund already. Open it again."))
    return known


def approve_refund(refund: Refund, *, by: User) -> Refund:
    """Let a refund go that somebody else has asked for. Raises ``RefusedError``."""
    check_treasurer(by)
    with transaction.atomic():
        pledge_alone(refund.pledge_id)
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.state != RefundState.WAITING:
            raise RefusedError(_("This refund no longer waits for anybody."))
        approve(row, ACT, by)
        _owe(row)
        return advance(row, RefundState.PLANNED, REFUND_MOVES, actor=by, next_step_at=db_now())


def reject_refund(refund: Refund, *, by: User) -> Refund:
    """Do not make a refund that waits for a second person."""
    check_treasurer(by)
    return advance(refund, RefundState.CANCELLED, REFUND_MOVES, actor=by, resolved_at=db_now())


def refund_by_rule(pledge: Pledge, reason: RefundReason) -> Refund | None:
    """Give all that is left of a pledge back because its campaign's own policy says so; None where
    nothing is, as where another worker has just done it.
    """
    with transaction.atomic():
        row = pledge_alone(pledge.pk)
        amount = left_to_refund(row)
        if amount == 0:
            return None
        return _plan(Refund(pledge=row, amount_minor=amount, reason=reason))


def refund_in_batch(pledge: Pledge, batch: RefundBatch) -> Refund | None:
    """Give all that is left of a pledge back as part of its campaign; None where nothing is."""
    with transaction.atomic():
        row = pledge_alone(pledge.pk)
        amount = left_to_refund(row)
        if amount == 0:
            return None
        return _plan(
            Refund(
                pledge=row, amount_minor=amount, reason=batch.reason,
                requested_by=batch.requested_by, batch=batch,
            )
        )  # fmt: skip


def approve(target: Refund | RefundBatch, act: str, by: User) -> None:
    """A second treasurer's yes to what the first has asked for. Raises ``RefusedError``."""
    request = ActRequest.objects.get(
        act=act, target_type=target._meta.label_lower, target_id=str(target.pk)
    )
    try:
        approve_act(request, approved_by=by)
    except ApprovalError as error:
        raise RefusedError(_("Somebody else has to approve what you have asked for.")) from error


def check_amount_held(campaign: Campaign, amount_minor: int) -> None:
    """Be alone with the project's money, and refuse what it does not hold any more.

    What backers of its other campaigns may get back is theirs.
    """
    project_id = campaign.project_id
    alone_with_project(project_id)
    held = free_of_pledges_minor(project_id) - may_go_back_minor(project_id, besides=campaign)
    if amount_minor > held:
        raise RefusedError(
            _("The project has been paid: only %(held)s of its pledges is still here.")
            % {"held": money(max(held, 0))},
            field="amount",
        )


def check_treasurer(by: User) -> None:
    """Raise ``RefusedError`` for anybody else."""
    if not has_role(by, Role.TREASURER):
        raise RefusedError(_("Only a treasurer can do this."))


def _check_amount(pledge: Pledge, amount_minor: int) -> None:
    if pledge.state in (PledgeState.DISPUTED, PledgeState.CHARGED_BACK):
        raise RefusedError(_("The backer's bank decides about this charge: it cannot be refunded."))
    left = left_to_refund(pledge)
    if left == 0:
        raise RefusedError(_("There is nothing left of this pledge to give back."))
    if not 0 < amount_minor <= left:
        raise RefusedError(
            _("Give back an amount between %(least)s and %(most)s.")
            % {"least": money(1), "most": money(left)},
            field="amount",
        )


def _plan(refund: Refund) -> Refund:
    """Let a worker pay this refund, which is not kept yet. The caller holds the pledge's lock."""
    refund.next_step_at = db_now()
    _keep(refund, RefundState.PLANNED, "refund.planned")
    _owe(refund)
    return refund


def _ask_for_a_second_person(refund: Refund, by: User) -> Refund:
    refund.next_step_at = None
    _keep(refund, RefundState.WAITING, "refund.asked")
    pledge, amount = str(refund.pledge_id), refund.amount_minor
    request_act(ACT, refund, requested_by=by, pledge=pledge, amount_minor=amount)
    return refund


def _keep(refund: Refund, state: RefundState, verb: str) -> None:
    refund.state, refund.currency = state, refund.pledge.currency
    refund.alone_limit_minor = settings.REFUND_ALONE_MINOR
    refund.save(force_insert=True)
    pledge, amount = str(refund.pledge_id), refund.amount_minor
    record(verb, refund, actor=refund.requested_by, pledge=pledge, amount_minor=amount)


def _owe(refund: Refund) -> None:
    """Owe the backer what was owed to the project, and fees. The caller holds the pledge's lock."""
    fees = note_fees(refund, refund.amount_minor)
    check_amount_held(refund.pledge.campaign, refund.amount_minor - fees.all_minor)
    legs = books.refund_owed(refund.pledge.campaign.project_id, refund.amount_minor, fees)
    book_refund(refund, "refund_owed", legs)


def book_refund(refund: Refund, kind: str, legs: books.Legs) -> None:
    """Post a fact about a refund, once."""
    post(
        kind,
        source_type="refund",
        source_id=str(refund.pk),
        legs=legs,
        currency=refund.currency,
    )
