"""A lost part does not void the vote, and no cycle opens before every pair has rehearsed."""

from __future__ import annotations

import base64
import secrets
from hashlib import sha256
from itertools import combinations

from django.db import DatabaseError, transaction
from nacl.public import PrivateKey, SealedBox

from budgeting.domain.sealing import public_key_of
from budgeting.domain.trustee import PAIRS, PartsError, answer_of, combine, split
from budgeting.enums import CycleState, TrusteePair
from budgeting.models import Cycle
from budgeting.services.cycles import OPEN, open_cycle, request_opening
from budgeting.services.errors import RefusedError
from budgeting.services.trustees import give_key, pass_rehearsal
from civicfund.audit.services import approve_act, request_act
from tests.factories.budgeting import administrator, draft_cycle, named_trustees
from tests.trust.result import Result, faults
from tests.trust.town import Town

SEED = bytes(range(32))


def pairs_and_rehearsals(town: Town, full: bool) -> Result:
    """Every pair of many keys opens, one part alone opens nothing; drafts stay shut."""
    keys = 300 if full else 10
    shut = alone = 0
    for _ in range(keys):
        not_opened, opened_alone = _one_key()
        shut, alone = shut + not_opened, alone + opened_alone
    tries = [_opens_rehearsed_by(number) for number in range(len(PAIRS) + 1)]
    early = sum(opened for opened in tries[:-1])
    by_sql = _opens_by_sql(draft_cycle())
    with town.superuser() as database:
        cycle = draft_cycle()
        database.execute(
            "UPDATE budgeting_cycle SET state = 'open', tie_seed = repeat('ab', 32),"
            " tie_commitment = encode(sha256(decode(repeat('ab', 32), 'hex')), 'hex')"
            " WHERE id = %s",
            [cycle.pk],
        )
        without_trigger = Cycle.objects.get(pk=cycle.pk).state == CycleState.OPEN
        database.execute("UPDATE budgeting_cycle SET state = 'draft' WHERE id = %s", [cycle.pk])
    return Result(
        tried="keys split for three trustees; opening without all rehearsals, by service and SQL",
        size=f"{keys} keys of 3 pairs; 3 openings too early by the service, 1 by SQL",
        faults=faults(
            pairs_that_do_not_open=shut,
            boxes_opened_by_one_part=alone,
            cycles_opened_too_early=early + by_sql,
            rehearsed_cycles_that_do_not_open=int(not tries[-1]),
        ),
        control="the same SQL with triggers off opens the cycle",
        control_failed=without_trigger,
    )


def _one_key() -> tuple[int, int]:
    """Pairs that did not open a box, and parts that opened it alone."""
    key, held = PrivateKey.generate(), secrets.token_bytes(16)
    box = base64.b64encode(SealedBox(key.public_key).encrypt(held)).decode()
    parts = split(bytes(key))
    shut = sum(answer_of(box, combine(pair)) != held.hex() for pair in combinations(parts, 2))
    return shut, sum(_opens_alone(part) for part in parts)


def _opens_alone(part: str) -> bool:
    try:
        combine([part, part])
    except PartsError:
        return False
    return True


def _opens_rehearsed_by(pairs: int) -> bool:
    """Whether a cycle opens whose key so many of the three pairs have rehearsed."""
    cycle, secret = draft_cycle(), bytes(PrivateKey.generate())
    key = give_key(cycle, public_key_of(secret), named_trustees(), by=administrator())
    for rehearsal in list(key.rehearsals.all())[:pairs]:
        answer = answer_of(rehearsal.box, secret)
        pass_rehearsal(cycle, TrusteePair(rehearsal.pair), answer, by=administrator())
    try:
        request_opening(cycle, by=administrator())
        open_cycle(cycle, by=administrator())
    except RefusedError:
        return False
    return True


def _opens_by_sql(cycle: Cycle) -> bool:
    """Whether two people open a cycle without a key by writing to its table."""
    try:
        with transaction.atomic():
            approve_act(
                request_act(OPEN, cycle, requested_by=administrator(), rules_digest=""),
                approved_by=administrator(),
            )
            Cycle.objects.filter(pk=cycle.pk).update(
                state=CycleState.OPEN, tie_seed=SEED.hex(), tie_commitment=sha256(SEED).hexdigest()
            )
    except DatabaseError as error:
        refusal = getattr(error.__cause__, "diag", None)
        if getattr(refusal, "constraint_name", "") != "cycle_key_rehearsed":
            raise
        return False
    return True
