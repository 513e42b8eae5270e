"""The voter roll of a cycle. One person asks for lines to be added, another one agrees."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.access import holds, require
from budgeting.domain.roll import plain_number
from budgeting.enums import CycleState, Origin, RollSource, VoterGroup
from budgeting.models import Cycle, Eligibility, RollBatch, RollEntry
from budgeting.selectors import (
    eligibility_of,
    is_of_homes,
    pending_requests,
    places_of_roll,
    version_of,
)
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from budgeting.services.second_person import pending_request, pending_request_with
from civicfund.audit.models import ActRequest
from civicfund.audit.services import approve_act, db_now, record, request_act
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood

ROLL = "cycle.roll"
_AT_ONCE = 5_000
ROLL_OF_HOMES = gettext_lazy(
    "This roll is made of confirmed homes, each with its account. It takes no file and nobody by"
    " their number: whoever stands on it already would stand there twice. For a roll from a file,"
    " make a new cycle like this one."
)
ROLL_OF_NUMBERS = gettext_lazy(
    "This roll knows people by their numbers, from a file or from their papers. It takes no"
    " confirmed homes: whoever stands on it already would stand there twice, and vote twice."
)


@dataclass(frozen=True, slots=True)
class NewLine:
    """What comes onto the roll: who, where, and the account that votes as this line, if any."""

    person_key: str
    place_id: int
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a source was found to hold: people who may vote, and how many are left out.

    ``eligibility`` is the version of who may vote that they were held against, 0 where nothing was
    said. Both people see these numbers, and the second agrees to nothing else.
    """

    lines: int
    left_out: int
    eligibility: int


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


def request_person(cycle: Cycle, *, number: str, place: Neighborhood, by: User) -> ActRequest:
    """An officer who has seen somebody's papers asks that this person come on the roll.

    Of the person only the key is kept, and where they live, which has to be where people vote.
    """
    plain = plain_number(number)
    if not plain:
        raise RefusedError(_("Type the person's number."), field="number")
    said = eligibility_of(cycle)
    if place not in places_of_roll(said):
        raise RefusedError(_("Nobody votes there."), field="place")
    key = person_key(cycle, plain)
    if cycle.roll.filter(person_key=key).exists():
        raise RefusedError(_("This person is on the roll already."), field="number")
    return request_lines(
        cycle, Found(1, 0, version_of(said)), by=by,
        source=RollSource.PERSON, person_key=key, place=place.pk,
    )  # fmt: skip


def add_person(cycle: Cycle, *, number: str, place: Neighborhood, by: User) -> RollBatch:
    """A second person, who has seen the papers too, types number and place, and agrees."""
    require_roll_keeper(by, RollSource.PERSON)
    key = person_key(cycle, plain_number(number))
    asked = _asked_person(cycle, key, place)
    found = Found(1, 0, version_of(eligibility_of(cycle)))
    return add_lines(cycle, asked, found, [NewLine(key, place.pk)], by=by)


def _asked_person(cycle: Cycle, key: str, place: Neighborhood) -> ActRequest:
    pending_request(cycle, ROLL, source=RollSource.PERSON, person_key=key)
    same = {"source": RollSource.PERSON, "person_key": key, "place": place.pk}
    asked = pending_requests(cycle, ROLL).filter(parameters__contains=same).first()
    if asked is None:
        raise RefusedError(
            _(
                "The other officer said that this person lives elsewhere. Look at the papers"
                " together; whoever was wrong asks again, or lets the other one agree."
            ),
            field="second_place",
        )
    return asked


def request_file(
    cycle: Cycle, *, sha256: str, lines: int, left_out: int, eligibility: int, by: User
) -> ActRequest:
    """Ask that a file, which was looked through, come on the roll; it is not kept.

    ``eligibility`` is the version of who may vote under which it was looked through.
    """
    found = Found(lines, left_out, eligibility)
    return request_lines(cycle, found, by=by, source=RollSource.FILE, sha256=sha256)


def request_lines(cycle: Cycle, found: Found, *, by: User, **parameters: object) -> ActRequest:
    """Ask for lines of one source, as they were found."""
    source = str(parameters["source"])
    require_roll_keeper(by, source)
    with transaction.atomic():
        held = take(cycle)
        _check_open_to_additions(held)
        check_source(held, source)
        if version_of(eligibility_of(held)) != found.eligibility:
            raise RefusedError(_("Who may vote has been changed since. Look through it again."))
        return request_act(ROLL, held, requested_by=by, **parameters, **asdict(found))


def check_source(cycle: Cycle, source: str) -> None:
    """A roll knows people by their account or by their number, and never by both.

    Else somebody could stand on it twice, and both of them would vote. The database refuses it,
    too.
    """
    of_homes = is_of_homes(cycle)
    if of_homes is None or of_homes == (source == RollSource.RESIDENCIES):
        return
    raise RefusedError(str(ROLL_OF_HOMES if of_homes else ROLL_OF_NUMBERS))


def require_roll_keeper(by: User, source: str) -> None:
    """Officers add one person at a time, administrators everybody; else ``PermissionDenied``."""
    officer = source == RollSource.PERSON and holds(by, Role.POLL_OFFICER)
    if not officer:
        require(by, Role.BUDGET_ADMINISTRATOR)


def add_lines(
    cycle: Cycle, asked: ActRequest, found: Found, lines: Iterable[NewLine], *, by: User
) -> RollBatch:
    """Put on the roll what somebody else ``asked`` for; whoever is there already stays, once.

    Raises ``RefusedError`` where something else was ``found`` than when it was asked for.
    """
    require_roll_keeper(by, str(asked.parameters["source"]))
    with transaction.atomic():
        held = take(cycle)
        _check_open_to_additions(held)
        waiting = pending_request_with(held, ROLL, asked.pk)
        check_source(held, str(waiting.parameters["source"]))
        _check_as_asked(held, waiting, found)
        approval = approve_act(waiting, approved_by=by)
        new = _not_on_roll(held, lines)
        batch = RollBatch.objects.create(
            cycle=held,
            approval=approval,
            source=waiting.parameters["source"],
            added=len(new),
            left_out=found.left_out,
            digest=digest_of_lines((line.person_key, line.place_id) for line in new),
            late=held.state != CycleState.DRAFT,
        )
        _write(held, batch, new)
        record(
            "cycle.roll_grew", held, actor=by,
            batch=batch.pk, source=batch.source, added=batch.added, left_out=batch.left_out,
        )  # fmt: skip
    return batch


def _check_as_asked(cycle: Cycle, asked: ActRequest, found: Found) -> None:
    """The caller holds the cycle."""
    was = {name: asked.parameters.get(name) for name in asdict(found)}
    version = version_of(eligibility_of(cycle))
    if not was["eligibility"] == found.eligibility == version:
        raise RefusedError(
            _(
                "Who may vote has been changed since this was asked for. Somebody has to look"
                " through it again and ask for it anew."
            )
        )
    if was != asdict(found):
        raise RefusedError(
            _(
                "Now it is %(lines)s people, and %(left_out)s left out; asked for were %(asked)s,"
                " and %(asked_out)s left out. Somebody has to ask for it anew."
            )
            % {
                "lines": found.lines,
                "left_out": found.left_out,
                "asked": was["lines"],
                "asked_out": was["left_out"],
            }
        )


def _not_on_roll(cycle: Cycle, lines: Iterable[NewLine]) -> list[NewLine]:
    known = set(cycle.roll.values_list("person_key", flat=True))
    voting = set(cycle.roll.exclude(claimed_by=None).values_list("claimed_by", flat=True))
    new = {}
    for line in lines:
        if line.person_key not in known and line.user_id not in voting:
            new[line.person_key] = line
    return list(new.values())


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
