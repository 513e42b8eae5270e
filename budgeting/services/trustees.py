"""The trustees' key of a vote: given, rehearsed by every pair, and asked for after the close."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from nacl.public import PublicKey, SealedBox

from budgeting.access import require
from budgeting.domain.naming import NamedTrustee, may_be_one_person, tidied, trustees_digest
from budgeting.domain.trustee import PARTS
from budgeting.enums import CycleState, TrusteePair
from budgeting.models import Cycle, Rehearsal, Trustee, TrusteeKey
from budgeting.selectors import called_like_staff
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from budgeting.services.second_person import pending_request
from civicfund.audit.models import ActRequest, Approval
from civicfund.audit.services import approve_act, db_now, record, request_act
from civicfund.people.enums import Role
from civicfund.people.models import User

UNSEAL = "cycle.unseal"
_ANSWER_BYTES = 16


def give_key(
    cycle: Cycle,
    public_key: str,
    trustees: Sequence[NamedTrustee],
    *,
    by: User,
    namesakes: bool = False,
) -> TrusteeKey:
    """Take the trustees' public key and who they are, with a test box for each pair of them.

    Until the cycle opens another key may replace it, and everything is rehearsed anew; the same one
    with other names stays rehearsed. Of what stands in the boxes only a hash is kept.

    A trustee who has a name of somebody who works here is refused, unless ``by`` says that they are
    two people.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    given = "".join(public_key.split()).lower()
    if not re.fullmatch("[0-9a-f]{64}", given):
        raise RefusedError(
            _("A public key has 64 characters, digits and the letters a to f."), field="public_key"
        )
    named = _checked(trustees, namesakes=namesakes)
    with transaction.atomic():
        held = take(cycle)
        _check_draft(held)
        key = TrusteeKey.objects.filter(cycle=held, public_key=given).first()
        digest = trustees_digest(named)
        if key is not None:
            key.trustees.all().delete()
            record("cycle.trustees_named", held, actor=by, trustees=digest)
        else:
            TrusteeKey.objects.filter(cycle=held).delete()
            key = TrusteeKey.objects.create(cycle=held, public_key=given, given_by=by)
            Rehearsal.objects.bulk_create([_test_box(key, pair) for pair in TrusteePair])
            record("cycle.key_given", held, actor=by, public_key=given, trustees=digest)
        Trustee.objects.bulk_create(
            Trustee(key=key, part=part, name=each.name, stands_for=each.stands_for)
            for part, each in enumerate(named, start=1)
        )
    return key


def _checked(trustees: Sequence[NamedTrustee], *, namesakes: bool) -> list[NamedTrustee]:
    named = [NamedTrustee(tidied(each.name), tidied(each.stands_for)) for each in trustees]
    if len(named) != PARTS:
        raise RefusedError(_("There are three trustees."))
    for part, each in enumerate(named, start=1):
        if not (each.name and each.name.isprintable()):
            raise RefusedError(_("Everybody will read who this is."), field=f"name_{part}")
        if not (each.stands_for and each.stands_for.isprintable()):
            raise RefusedError(
                _("Everybody will read whom they stand for."), field=f"stands_for_{part}"
            )
        if any(may_be_one_person(each.name, other.name) for other in named[: part - 1]):
            raise RefusedError(_("Three parts are for three people."), field=f"name_{part}")
    alike = [] if namesakes else called_like_staff(named)
    if alike:
        raise RefusedError(
            _(
                "Somebody who works here goes by such a name: %(names)s. Trustees do not work for"
                " the town. Where these are two people, say so."
            )
            % {"names": ", ".join(alike)},
            field="namesakes",
        )
    return named


def _test_box(key: TrusteeKey, pair: TrusteePair) -> Rehearsal:
    answer = secrets.token_bytes(_ANSWER_BYTES)
    box = SealedBox(PublicKey(bytes.fromhex(key.public_key))).encrypt(answer)
    return Rehearsal(
        key=key,
        pair=pair,
        box=base64.b64encode(box).decode(),
        answer_hash=hashlib.sha256(answer).hexdigest(),
    )


def pass_rehearsal(cycle: Cycle, pair: TrusteePair, answer: str, *, by: User) -> Rehearsal:
    """A pair of trustees says what their test box held; ``RefusedError`` where it did not."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_draft(held)
        rehearsal = Rehearsal.objects.filter(key__cycle=held, pair=pair).first()
        if rehearsal is None:
            raise RefusedError(_("The trustees have given no key yet."))
        if not hmac.compare_digest(_hash_of(answer), rehearsal.answer_hash):
            raise RefusedError(
                _("That is not what the box of this pair holds."), field=f"answer-{pair}"
            )
        if rehearsal.passed_at is None:
            rehearsal.passed_at = db_now()
            rehearsal.save(update_fields=["passed_at"])
            record("cycle.key_rehearsed", held, actor=by, pair=pair)
    return rehearsal


def _hash_of(answer: str) -> str:
    plain = "".join(answer.split())
    try:
        return hashlib.sha256(bytes.fromhex(plain)).hexdigest()
    except ValueError:
        return ""


def _check_draft(cycle: Cycle) -> None:
    if cycle.state != CycleState.DRAFT:
        raise RefusedError(_("The cycle has been opened: its key is fixed."))


def rehearsed_key(cycle: Cycle) -> TrusteeKey:
    """The cycle's key, once its trustees are named and all three pairs have opened their boxes.

    Else ``RefusedError``.
    """
    key = TrusteeKey.objects.filter(cycle=cycle).first()
    if key is None:
        raise RefusedError(_("The cycle needs the public key of its trustees before it can open."))
    if key.trustees.count() != PARTS:
        raise RefusedError(_("The cycle needs three trustees by name before it can open."))
    if key.rehearsals.filter(passed_at__isnull=True).exists():
        raise RefusedError(_("All three pairs of trustees have to open a test box first."))
    return key


def forget_trustees(cycle: Cycle) -> None:
    """Nobody holds an office in a draft that is dropped; the caller holds the cycle."""
    Trustee.objects.filter(key__cycle=cycle).delete()


def request_unsealing(cycle: Cycle, *, by: User) -> ActRequest:
    """One administrator asks that the trustees open the ballots of a closed cycle."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_closed(held)
        return request_act(UNSEAL, held, requested_by=by)


def approve_unsealing(cycle: Cycle, asked_id: int | None = None, *, by: User) -> Approval:
    """Another one agrees: from now on two trustees' parts open the ballots."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_closed(held)
        return approve_act(pending_request(held, UNSEAL, asked_id), approved_by=by)


def _check_closed(cycle: Cycle) -> None:
    if cycle.state != CycleState.CLOSED:
        raise RefusedError(_("Ballots are opened once voting is closed, and once only."))
