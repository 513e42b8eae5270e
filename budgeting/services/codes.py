"""Codes sent by post: made by two people, kept as digests, and what whoever has one may do."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.access import require
from budgeting.domain.roll import Line
from budgeting.enums import CycleState
from budgeting.models import Cycle, PostedCode, RollEntry
from budgeting.selectors import is_of_homes, valid_codes
from budgeting.services.claims import confirm_home, end_claims
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share, take
from budgeting.services.roll import person_key, secret_digest
from budgeting.services.roll_files import Hashed, Report, sound_lines
from budgeting.services.second_person import pending_request
from civicfund.audit.models import ActRequest, Approval
from civicfund.audit.services import approve_act, record, request_act
from civicfund.people.enums import Role
from civicfund.people.models import User

LETTERS = "cycle.letters"
CODE_BYTES = 10  # 80 bits: https://pages.nist.gov/800-63-3/sp800-63b.html asks for 20 at least
_GROUP = 4
NO_LETTERS = gettext_lazy(
    "This roll is made of confirmed homes: everybody on it votes with their account, and needs no"
    " letter."
)
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes into an envelope; it exists in the answer to one request, and nowhere else."""

    name: str
    street: str
    postal_code: str
    locality: str
    code: str


def request_letters(cycle: Cycle, *, sha256: str, lines: int, by: User) -> ActRequest:
    """Ask for a letter with a code to everyone whom a file names and who is on the roll."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_running(held.state)
        if is_of_homes(held):
            raise RefusedError(str(NO_LETTERS))
        return request_act(LETTERS, held, requested_by=by, sha256=sha256, lines=lines)


def make_letters(cycle: Cycle, file: IO[bytes], *, by: User) -> list[Letter]:
    """A second person brings the same file: codes for those on the roll, and their letters.

    A person who had a code gets another one, and the earlier one ends, with all that came of it:
    the account that claimed the line with it votes as it no more. Lines without an address get
    none. Neither addresses nor codes are kept.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    report, source = Report(), Hashed(file)
    lines = [line for line in sound_lines(cycle, source, report) if all(line.address)]
    with transaction.atomic():
        held = take(cycle)
        _check_running(held.state)
        asked = pending_request(held, LETTERS, sha256=source.digest)
        approval = approve_act(asked, approved_by=by)
        letters: list[Letter] = []
        for start in range(0, len(lines), _AT_ONCE):
            letters += _letters(held, lines[start : start + _AT_ONCE], approval)
        if not letters:
            raise RefusedError(_("Nobody in this file is on the roll and has an address."))
        record("cycle.letters_made", held, actor=by, letters=len(letters), request=asked.pk)
    return letters


def _letters(cycle: Cycle, lines: Sequence[Line], approval: Approval) -> list[Letter]:
    keys = {person_key(cycle, line.number): line for line in lines}
    entries = list(cycle.roll.filter(person_key__in=keys))
    _revoke(entries)
    letters, codes = [], []
    for entry in entries:
        line, code = keys[entry.person_key], _new_code()
        letters.append(Letter(*line.address, code))
        codes.append(
            PostedCode(
                entry=entry,
                approval=approval,
                code_hash=_hash(cycle, code, line.born.year),
            )
        )
    end_claims(cycle, PostedCode.objects.bulk_create(codes), by=approval.approved_by)
    return letters


def _revoke(entries: Iterable[RollEntry]) -> None:
    PostedCode.objects.filter(entry__in=entries, revoked_at__isnull=True).update(revoked_at=Now())


def _check_running(state: str) -> None:
    if state != CycleState.OPEN:
        raise RefusedError(_("Codes are made and used while a cycle is open."))


def _new_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def _hash(cycle: Cycle, code: str, born: int) -> str:
    return secret_digest(f"code:{cycle.pk}:{plain_code(code)}:{born}")


def plain_code(code: str) -> str:
    """A code however it was typed; digits that look like letters are read as these."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return plain.translate(str.maketrans("018", "OIB"))


def code_for(cycle: Cycle, code: str, born: int) -> PostedCode:
    """The valid code that somebody typed with their year of birth; ``RefusedError`` if it is none.

    It does not say which of the two is wrong.
    """
    _check_running(cycle.state)
    found = valid_codes(cycle).filter(code_hash=_hash(cycle, code, born)).first()
    if found is None:
        raise RefusedError(
            _(
                "This code and year do not belong together. Look at the letter again: a code has"
                " 16 letters and digits, and a newer letter ends an older one."
            ),
            field="code",
        )
    return found


def claim_by_code(code: PostedCode, *, by: User) -> RollEntry:
    """Whoever has a letter and an account votes with the account from now on.

    Where they said that they live where the roll has them, that is confirmed as well.
    """
    with transaction.atomic():
        cycle = code.entry.cycle
        _check_running(share(cycle))
        entry = RollEntry.objects.select_for_update(of=("self",)).get(pk=code.entry_id)
        if entry.claimed_by_id == by.pk:
            return entry
        if entry.claimed_by_id is not None:
            raise RefusedError(
                _(
                    "Another account votes as this person. If it is not yours, tell the town: a new"
                    " letter ends that."
                )
            )
        if RollEntry.objects.filter(cycle=cycle, claimed_by=by).exists():
            raise RefusedError(_("Your account votes as somebody else on this roll."))
        RollEntry.objects.filter(pk=entry.pk).update(claimed_by=by)
        home = confirm_home(entry, by)
        record("roll_entry.claimed", entry, actor=by, home=home and home.pk)
    entry.refresh_from_db()
    return entry
