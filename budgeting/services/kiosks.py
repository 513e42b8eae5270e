"""Voting at a kiosk: a registered device, at which an officer unlocks one ballot at a time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.access import holds, require
from budgeting.enums import Channel, CycleState
from budgeting.models import Cycle, Kiosk, KioskEnd, KioskOpening, KioskUnlock
from budgeting.models.kiosks import CODE_LASTS, UNLOCK_LASTS
from budgeting.selectors import sitting_at
from budgeting.services.ballots import Cast, Choice, cast, check_time, taken_part
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share
from budgeting.services.roll import secret_digest
from budgeting.services.voters import entry_by_number
from civicfund.audit.services import db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User

CODE_DIGITS = 6
OVER = gettext_lazy(
    "Your ballot was not cast: the time for which it was unlocked is over, or it was ended. Ask the"
    " officer to unlock it again."
)
NO_SUCH_CODE = gettext_lazy(
    "This code is not valid here. A code is for one kiosk, ends after two minutes, and is used"
    " once. Ask the officer for another one."
)


class KioskOverError(RefusedError):
    """No ballot is unlocked at the kiosk, or no longer."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What the officer reads out: it exists in the answer to one request, and nowhere else."""

    kiosk: Kiosk
    code: str
    until: datetime


def register_kiosk(cycle: Cycle, *, name: str, by: User) -> tuple[Kiosk, str]:
    """Make a browser a kiosk of the cycle: the kiosk, and the secret that the browser keeps."""
    _require_keeper(by)
    if not name.strip():
        raise RefusedError(_("Say where it stands."), field="name")
    key = secrets.token_urlsafe(32)
    with transaction.atomic():
        if share(cycle) != CycleState.OPEN:
            raise RefusedError(_("Kiosks are registered while a cycle is open."))
        made = Kiosk.objects.create(
            cycle=cycle,
            name=name.strip(),
            key_hash=hashlib.sha256(key.encode()).hexdigest(),
            registered_by=by,
        )
        record("kiosk.registered", made, actor=by)
    return made, key


def revoke_kiosk(kiosk: Kiosk, *, by: User) -> None:
    """From now on the device is no kiosk; a ballot that is open there can no longer be cast."""
    _require_keeper(by)
    with transaction.atomic():
        won = Kiosk.objects.filter(pk=kiosk.pk, revoked_at__isnull=True).update(
            revoked_at=db_now(), revoked_by=by
        )
        if not won:
            raise RefusedError(_("This kiosk was revoked already."))
        record("kiosk.revoked", kiosk, actor=by)


def unlock_ballot(kiosk: Kiosk, *, number: str, by: User) -> Unlocked:
    """An officer who has seen somebody's papers lets this one person vote at the kiosk, once.

    The number is not kept. A newer code of the kiosk ends an older one.
    """
    require(by, Role.POLL_OFFICER)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    with transaction.atomic():
        held = _hold(kiosk)
        entry = entry_by_number(held.cycle, number)
        if entry is None:
            raise RefusedError(_("Nobody with this number is on the roll."), field="number")
        if entry.claimed_by_id == by.pk:
            raise RefusedError(_("Another officer unlocks your own ballot."), field="number")
        if hasattr(taken_part(entry), "check_in"):
            raise RefusedError(
                _("This person was given a paper ballot. It is the one that counts."),
                field="number",
            )
        if sitting_at(held) is not None:
            raise RefusedError(_("Somebody is voting there. Wait until it is free."), field="kiosk")
        made = KioskUnlock.objects.create(
            kiosk=held, officer=by, entry=entry, code_hash=_hash(held, code)
        )
        record("kiosk.unlocked", held, actor=by)
    made.refresh_from_db()
    return Unlocked(held, code, made.made_at + CODE_LASTS)


def open_ballot(kiosk: Kiosk, code: str) -> KioskUnlock:
    """The code was typed at the kiosk: the ballot may be cast there, for ten minutes at most."""
    with transaction.atomic():
        held = _hold(kiosk)
        newest = held.unlocks.order_by("-pk").first()
        if (
            newest is None
            or newest.code_hash != _hash(held, "".join(code.split()))
            or newest.made_at + CODE_LASTS <= db_now()
            or KioskOpening.objects.filter(unlock=newest).exists()
        ):
            raise RefusedError(str(NO_SUCH_CODE), field="code")
        KioskOpening.objects.create(unlock=newest)
    return newest


def cast_at_kiosk(unlock: KioskUnlock, choices: Mapping[int, Choice]) -> Cast:
    """Cast the one ballot that was unlocked; with that it is over.

    A ballot that is refused is not over. Raises ``KioskOverError`` where it is, and what ``cast``
    raises; then nothing was changed.
    """
    cycle = unlock.kiosk.cycle
    with transaction.atomic():
        share(cycle)
        if not _ends_with_ballot(unlock):
            raise KioskOverError(str(OVER))
        told = cast(cycle, unlock.entry, choices, channel=Channel.KIOSK)
        if told.at >= unlock.made_at + UNLOCK_LASTS:
            raise KioskOverError(str(OVER))
    return told


def end_ballot(unlock: KioskUnlock) -> None:
    """The voter left, or was too long away: nothing can be cast with this unlock any more."""
    with transaction.atomic():
        KioskEnd.objects.get_or_create(unlock=unlock, defaults={"with_ballot": False})


def free_kiosk(kiosk: Kiosk, *, by: User) -> None:
    """An officer ends what a voter has left open."""
    require(by, Role.POLL_OFFICER)
    sitting = sitting_at(kiosk)
    if sitting is None:
        raise RefusedError(_("Nobody is voting there."))
    with transaction.atomic():
        end_ballot(sitting)
        record("kiosk.freed", kiosk, actor=by)


def _ends_with_ballot(unlock: KioskUnlock) -> bool:
    """Take the unlock for a ballot, where it is open still; of two at once one does."""
    kiosk = Kiosk.objects.get(pk=unlock.kiosk_id)
    if kiosk.revoked_at is not None or sitting_at(kiosk) != unlock:
        return False
    return KioskEnd.objects.get_or_create(unlock=unlock, defaults={"with_ballot": True})[1]


def _hold(kiosk: Kiosk) -> Kiosk:
    """The kiosk of a vote that runs, held alone; the caller is in a transaction."""
    check_time(kiosk.cycle, share(kiosk.cycle), db_now())
    held = Kiosk.objects.select_for_update(of=("self",)).select_related("cycle").get(pk=kiosk.pk)
    if held.revoked_at is not None:
        raise RefusedError(_("This kiosk was revoked."))
    return held


def _hash(kiosk: Kiosk, code: str) -> str:
    return secret_digest(f"kiosk:{kiosk.pk}:{code}")


def _require_keeper(by: User) -> None:
    """Officers and administrators keep kiosks; else ``PermissionDenied``."""
    if not (holds(by, Role.POLL_OFFICER) or holds(by, Role.BUDGET_ADMINISTRATOR)):
        raise PermissionDenied(
            _("This takes the role: %(role)s.") % {"role": Role.POLL_OFFICER.label}
        )
