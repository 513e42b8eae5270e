"""The voter roll of a cycle. One person asks for lines to be added, another one agrees."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.domain.roll import plain_number
from budgeting.enums import CycleState, Origin, RollSource, VoterGroup
from budgeting.models import Cycle, Eligibility, RollBatch, RollEntry
from budgeting.selectors import eligibility_of, voting_places
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from budgeting.services.second_person import pending_request
from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, db_now, record, request_act
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import proved_residencies_on
from civicfund.places.models import Neighborhood

ROLL = "cycle.roll"
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class NewLine:
    """What comes onto the roll: who, where, and the account that votes as this line, if any."""

    person_key: str
    place_id: int
    user_id: int | None = None


def person_key(cycle: Cycle, number: str) -> str:
    """The key of a person's line on the roll of one cycle; the same person, the same key.

    ``number`` is what the roll's source knows the person by. Two cycles give two keys, so that
    rolls cannot be laid over each other.
    """
    return secret_digest(f"{cycle.pk}:{number}")


def secret_digest(message: str) -> str:
    """An HMAC under the key that is kept outside the database, as hex."""
    if not settings.PERSON_KEY_SECRET:
        raise ImproperlyConfigured("PERSON_KEY_SECRET is not set.")
    key = settings.PERSON_KEY_SECRET.encode()
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()


def set_eligibility(
    cycle: Cycle,
    *,
    minimum_age: int,
    age_on: date,
    groups: Sequence[VoterGroup],
    places: Collection[Neighborhood] = (),
    by: User,
) -> Eligibility:
    """Say who may vote in a cycle that is being prepared; without ``places``, the whole town."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    if not groups:
        raise RefusedError(_("Say who may vote."), field="groups")
    with transaction.atomic():
        held = take(cycle)
        if held.state != CycleState.DRAFT:
            raise RefusedError(_("The cycle has been opened: who may vote is fixed."))
        made = Eligibility.objects.create(
            cycle=held,
            version=held.eligibilities.count() + 1,
            minimum_age=minimum_age,
            age_on=age_on,
            groups=sorted(groups),
            made_by=by,
        )
        made.places.set(places)
        record("cycle.eligibility_set", held, actor=by, version=made.version)
    return made


def request_residents(cycle: Cycle, *, day: date, by: User) -> ActRequest:
    """Ask that everyone who is confirmed to have lived where people may vote come on the roll.

    ``day`` is the day on which they lived there.
    """
    said = eligibility_of(cycle)
    if said is not None and VoterGroup.RESIDENT not in said.groups:
        raise RefusedError(_("This vote is not for people who live here."), field="day")
    return _request(cycle, by, source=RollSource.RESIDENCIES, day=day.isoformat())


def add_residents(cycle: Cycle, *, day: date, by: User) -> RollBatch:
    """A second person agrees; whoever is on the roll already stays there, once."""
    said = eligibility_of(cycle)
    proved = proved_residencies_on(day).order_by("pk")
    if said is not None:
        proved = proved.filter(neighborhood__in=voting_places(said))
    homes = [
        NewLine(person_key(cycle, f"account:{home.user_id}"), home.neighborhood_id, home.user_id)
        for home in proved
    ]
    asked = {"source": RollSource.RESIDENCIES, "day": day.isoformat()}
    return add_lines(cycle, asked, homes, by=by)


def request_person(cycle: Cycle, *, number: str, place: Neighborhood, by: User) -> ActRequest:
    """An officer who has seen somebody's papers asks that this person come on the roll.

    Of the person only the key is kept, and where they live.
    """
    plain = plain_number(number)
    if not plain:
        raise RefusedError(_("Type the person's number."), field="number")
    key = person_key(cycle, plain)
    if cycle.roll.filter(person_key=key).exists():
        raise RefusedError(_("This person is on the roll already."), field="number")
    return _request(cycle, by, source=RollSource.PERSON, person_key=key, place=place.pk)


def add_person(cycle: Cycle, *, number: str, by: User) -> RollBatch:
    """A second person, who has seen the papers too, types the number and agrees."""
    key = person_key(cycle, plain_number(number))
    asked = pending_request(cycle, ROLL, source=RollSource.PERSON, person_key=key).parameters
    return add_lines(cycle, asked, [NewLine(key, asked["place"])], by=by)


def entry_by_number(cycle: Cycle, number: str) -> RollEntry | None:
    """The line of the roll of somebody whose number an officer typed, if any; it is not kept."""
    key = person_key(cycle, plain_number(number))
    return cycle.roll.select_related("place").filter(person_key=key).first()


def request_file(cycle: Cycle, *, sha256: str, lines: int, left_out: int, by: User) -> ActRequest:
    """Ask that a file, which was looked through, come on the roll; it is not kept."""
    return _request(
        cycle, by, source=RollSource.FILE, sha256=sha256, lines=lines, left_out=left_out
    )


def _request(cycle: Cycle, by: User, **parameters: object) -> ActRequest:
    require_roll_keeper(by, str(parameters["source"]))
    with transaction.atomic():
        held = take(cycle)
        _check_open_to_additions(held)
        return request_act(ROLL, held, requested_by=by, **parameters)


def require_roll_keeper(by: User, source: str) -> None:
    """Officers add one person at a time, administrators everybody; else ``PermissionDenied``."""
    officer = source == RollSource.PERSON and by.has_perm(f"people.{Role.POLL_OFFICER}")
    if not officer:
        require(by, Role.BUDGET_ADMINISTRATOR)


def add_lines(
    cycle: Cycle, asked: Mapping[str, Any], lines: Iterable[NewLine], *, by: User, left_out: int = 0
) -> RollBatch:
    """Put on the roll what somebody else ``asked`` for; whoever is there already stays, once."""
    require_roll_keeper(by, str(asked["source"]))
    with transaction.atomic():
        held = take(cycle)
        _check_open_to_additions(held)
        approval = approve_act(pending_request(held, ROLL, **asked), approved_by=by)
        known = set(held.roll.values_list("person_key", flat=True))
        voting = set(held.roll.exclude(claimed_by=None).values_list("claimed_by", flat=True))
        new = {}
        for line in lines:
            if line.person_key not in known and line.user_id not in voting:
                new[line.person_key] = line
        batch = RollBatch.objects.create(
            cycle=held,
            approval=approval,
            source=asked["source"],
            added=len(new),
            left_out=left_out,
            digest=digest_of_lines((line.person_key, line.place_id) for line in new.values()),
            late=held.state != CycleState.DRAFT,
        )
        _write(held, batch, list(new.values()))
        record(
            "cycle.roll_grew", held, actor=by,
            batch=batch.pk, source=batch.source, added=batch.added, left_out=left_out,
        )  # fmt: skip
    return batch


def _write(cycle: Cycle, batch: RollBatch, lines: Sequence[NewLine]) -> None:
    RollEntry.objects.bulk_create(
        [
            RollEntry(
                cycle=cycle,
                batch=batch,
                person_key=line.person_key,
                place_id=line.place_id,
                claimed_by_id=line.user_id,
            )
            for line in lines
        ],
        batch_size=_AT_ONCE,
    )


def digest_of_lines(lines: Iterable[tuple[str, int]]) -> str:
    """The SHA-256 of lines of a roll, sorted, as anyone who has the key can compute it again."""
    text = "".join(f"{key} {place}\n" for key, place in sorted(lines))
    return hashlib.sha256(text.encode()).hexdigest()


def roll_digest(cycle: Cycle) -> str:
    """The SHA-256 of the whole roll as it stands."""
    return digest_of_lines(cycle.roll.values_list("person_key", "place_id"))


def _check_open_to_additions(cycle: Cycle) -> None:
    """The caller holds the cycle."""
    ends_at = cycle.voting_ends_at
    waiting = cycle.state == CycleState.OPEN and ends_at and db_now() < ends_at
    if cycle.origin != Origin.RUN or (cycle.state != CycleState.DRAFT and not waiting):
        raise RefusedError(_("Voting is over: the roll can no longer change."))
