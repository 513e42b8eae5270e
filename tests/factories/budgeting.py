"""Cycles in any state, made through the public services as far as those lead."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count

import psycopg
from django.db import IntegrityError, connection, connections
from nacl.public import PrivateKey

from budgeting.domain.board import ballot_hash
from budgeting.domain.naming import NamedTrustee
from budgeting.domain.sealing import Opener, public_key_of
from budgeting.domain.trustee import answer_of, split
from budgeting.enums import BallotKind, CycleState, PhaseKind, TrusteePair
from budgeting.models import (
    Cycle,
    Extension,
    KioskUnlock,
    Phase,
    PhaseMove,
    Pot,
    Proposal,
    RollBatch,
    SealedBallot,
    VerdictPublication,
)
from budgeting.services.ballots import Choice, cast
from budgeting.services.cycles import add_phase, add_pot, create_cycle, open_cycle, request_opening
from budgeting.services.errors import RefusedError
from budgeting.services.extensions import extend_voting, request_extension
from budgeting.services.moving import move_phase, request_move
from budgeting.services.proposals import put_on_ballot, submit_proposal
from budgeting.services.reviewers import publish_verdicts, set_publication
from budgeting.services.reviews import give_review
from budgeting.services.roll_homes import add_residents, request_residents
from budgeting.services.trustees import (
    approve_unsealing,
    give_key,
    pass_rehearsal,
    request_unsealing,
)
from budgeting.services.unsealing import unseal
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User
from civicfund.places.models import Neighborhood
from tests.factories.numbers import FIRST
from tests.factories.options import options_at_once
from tests.factories.people import ResidencyFactory, UserFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory

_numbers = count(FIRST)


def administrator() -> User:
    """Somebody who prepares, opens and unseals cycles, and reviews projects."""
    return _holder(Role.BUDGET_ADMINISTRATOR, Role.REVIEWER)


def certifier() -> User:
    """Somebody who certifies and publishes what was counted."""
    return _holder(Role.CERTIFIER)


def _holder(*roles: Role) -> User:
    """As ``grant_role`` leaves them, but for the trail: a cycle needs half a dozen of them."""
    user = UserFactory(is_staff=True)
    RoleGrant.objects.bulk_create(RoleGrant(user=user, role=role) for role in roles)
    return user


def draft_cycle(
    *,
    by: User | None = None,
    costs_minor: Sequence[int] = (300_000, 200_000, 100_000),
    amount_minor: int = 500_000,
    voting_ends_in: timedelta = timedelta(hours=1),
    voting_starts_in: timedelta = -timedelta(hours=1),
    place: Neighborhood | None = None,
    kind: BallotKind = BallotKind.APPROVAL,
    rule: str = "greedy",
    max_options: int | None = None,
    **limits: int,
) -> Cycle:
    """A draft with a city-wide pot, one option for each cost, and dated voting.

    ``limits`` are those on points, for the kinds that give them.
    """
    by = by or administrator()
    number = next(_numbers)
    cycle = create_cycle(
        by=by, slug=f"cycle-{number}", title=f"Cycle {number}", ballot_kind=kind, rule=rule
    )
    now = db_now()
    add_phase(
        cycle,
        PhaseKind.BALLOTING,
        starts_at=now + voting_starts_in,
        ends_at=now + voting_ends_in,
        by=by,
    )
    pot = add_pot(
        cycle,
        place or CityFactory(),
        name="Whole town",
        amount_minor=amount_minor,
        by=by,
        max_options=max_options,
        **limits,
    )
    if costs_minor:
        options_at_once(pot, costs_minor, by=by)
    return cycle


def add_options(pot: Pot, costs_minor: Sequence[int], *, by: User) -> None:
    """One reviewed project on the ballot for each cost."""
    within = pot.place if pot.place and pot.place.parent_id else NeighborhoodFactory()
    projects = [ProjectFactory(neighborhood=within, cost_minor=cost) for cost in costs_minor]
    proposals = [submit_proposal(project, pot, by=by) for project in projects]
    for proposal in proposals:
        give_review(proposal, feasible=True, by=by)
    if proposals:
        publish_now(pot.cycle, by=by)
    for proposal in proposals:
        proposal.refresh_from_db()
        put_on_ballot(proposal, by=by)


def reviewed(proposal: Proposal, *, by: User, feasible: bool = True, reason: str = "") -> Proposal:
    """The proposal with its verdict public; a no was said by another reviewer, too."""
    give_review(proposal, feasible=feasible, reason=reason, by=by)
    if not feasible:
        give_review(proposal, feasible=False, reason=reason, by=administrator())
    publish_now(proposal.cycle, by=by)
    proposal.refresh_from_db()
    return proposal


def publish_now(cycle: Cycle, *, by: User) -> VerdictPublication:
    """Verdicts of the cycle are public, with a day to appeal, or as long as voting leaves."""
    cycle.refresh_from_db(fields=["state"])
    publication = _announced(cycle, by) if cycle.state == CycleState.OPEN else _set(cycle, by, 0)
    while publication.done_at is None:
        time.sleep(max(0, (publication.at - db_now()).total_seconds()))
        publish_verdicts(publication)
        publication.refresh_from_db()
    return publication


def _announced(cycle: Cycle, by: User) -> VerdictPublication:
    """For an instant to come: where it had passed before it was written, for a later one."""
    for seconds in (0.2, 2):
        with suppress(RefusedError, IntegrityError):
            return _set(cycle, by, seconds)
    return _set(cycle, by, 20)


def _set(cycle: Cycle, by: User, seconds: float) -> VerdictPublication:
    now = db_now()
    appeals_until = now + timedelta(days=1)
    if cycle.state == CycleState.OPEN:
        appeals_until = min(appeals_until, cycle.phases.get(kind=PhaseKind.BALLOTING).starts_at)
    at = now + timedelta(seconds=seconds)
    return set_publication(cycle, at=at, appeals_until=appeals_until, by=by)


def voters(cycle: Cycle, number: int, *, by: User | None = None, **residency: object) -> list[User]:
    """People whose homes are confirmed, on the roll of a cycle that is still a draft."""
    homes = [ResidencyFactory(**residency) for _ in range(number)]
    fill_roll(cycle, by=by)
    return [home.user for home in homes]


def fill_roll(cycle: Cycle, *, by: User | None = None) -> RollBatch:
    """Everyone whose home was confirmed on New Year's Day comes on the roll, by two people."""
    day = date(2026, 1, 1)
    asked = request_residents(cycle, day=day, by=administrator())
    return add_residents(cycle, asked.pk, by=by or administrator())


def named_trustees() -> list[NamedTrustee]:
    """The trustees of all votes of the tests."""
    return [
        NamedTrustee("Iris Abel", "the parish council"),
        NamedTrustee("Jonas Båth", "the chamber of trade"),
        NamedTrustee("Kaya Cole", "friends of the library"),
    ]


def filled_in(people: list[NamedTrustee]) -> dict[str, str]:
    """Who they are, as the form of the key sends it."""
    sent = {}
    for part, each in enumerate(people, start=1):
        sent |= {f"name_{part}": each.name, f"stands_for_{part}": each.stands_for}
    return sent


@cache
def trustees() -> list[str]:
    """The parts of the one key that all votes of the tests are sealed with."""
    return split(_secret())


@cache
def _secret() -> bytes:
    return bytes(PrivateKey.generate())


def rehearsed(cycle: Cycle, *, by: User | None = None) -> Cycle:
    """The cycle with a key that all three pairs of trustees have rehearsed."""
    by = by or administrator()
    key = give_key(cycle, public_key_of(_secret()), named_trustees(), by=by)
    for rehearsal in key.rehearsals.all():
        answer = answer_of(rehearsal.box, _secret())
        pass_rehearsal(cycle, TrusteePair(rehearsal.pair), answer, by=by)
    return cycle


def open_by_trustees(cycle: Cycle) -> Cycle:
    """The closed cycle, its ballots opened by two trustees, as two administrators asked."""
    request_unsealing(cycle, by=administrator())
    approve_unsealing(cycle, by=administrator())
    unseal(cycle, trustees()[:2])
    cycle.refresh_from_db()
    return cycle


def in_urn(cycle: Cycle) -> list[dict]:
    """What was cast, in the order of the board, opened with the trustees' key."""
    opener = Opener(_secret(), cycle.board.padded_bytes)
    held = {
        ballot_hash(bytes(text)): opener.open(bytes(text))
        for text in SealedBallot.objects.filter(cycle=cycle).values_list("ciphertext", flat=True)
    }
    lines = cycle.board_lines.order_by("position").values_list("ballot_hash", flat=True)
    return [held[line] for line in lines if line in held]


def opened(cycle: Cycle) -> Cycle:
    """The cycle, its key rehearsed, opened by two people."""
    rehearsed(cycle)
    request_opening(cycle, by=administrator())
    return open_cycle(cycle, by=administrator())


def running_cycle(number_of_voters: int = 1, **cycle: object) -> tuple[Cycle, list[User]]:
    """An open cycle in its voting phase, and people on its roll."""
    drafted = draft_cycle(**cycle)
    people = voters(drafted, number_of_voters)
    return opened(drafted), people


def codes(pot: Pot) -> list[str]:
    """The codes of the pot's options, in their order."""
    return list(pot.options.order_by("position").values_list("code", flat=True))


def cast_positions(cycle: Cycle, voter: User, positions: Sequence[int]) -> None:
    """Cast a ballot for the options at these positions of the cycle's first pot."""
    pot = cycle.pots.first()
    named = codes(pot)
    cast(cycle, voter, {pot.pk: Choice([named[position] for position in positions])})


def extended(cycle: Cycle, by: timedelta, *, reason: str = "Outage.") -> Extension:
    """The vote, made so much longer by two people."""
    ends_at = Phase.objects.get(cycle=cycle, kind=PhaseKind.BALLOTING).ends_at + by
    asked = request_extension(cycle, ends_at=ends_at, reason=reason, by=administrator())
    return extend_voting(cycle, asked.pk, by=administrator())


def moved(
    cycle: Cycle,
    kind: PhaseKind,
    by: timedelta,
    *,
    start_by: timedelta = timedelta(),
    reason: str = "Reviews run late.",
) -> PhaseMove:
    """The first phase of a kind, so much later by two people."""
    phase = cycle.phases.filter(kind=kind).first()
    asked = request_move(
        cycle, phase.pk, starts_at=phase.starts_at + start_by, ends_at=phase.ends_at + by,
        reason=reason, by=administrator(),
    )  # fmt: skip
    return move_phase(cycle, asked.pk, by=administrator())


def end_voting(cycle: Cycle) -> None:
    """Move the end of voting to this instant: tests move the dates, not the clock.

    The database refuses that to everybody but the owner of the tables.
    """
    set_end(cycle, db_now())


def set_end(cycle: Cycle, at: datetime) -> None:
    """Move the end of voting to an instant, by no extension."""
    _allow_moving_dates(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests_set_end(%s, %s)", [cycle.pk, at])


def set_instant(phase: Phase, at: datetime, *, of: str = "ends_at") -> None:
    """Move the end of a phase, or its start, to an instant, by no move."""
    without_guard(
        "budgeting_phase",
        "phase_frozen_when_opened",
        f"UPDATE budgeting_phase SET {of} = '{at.isoformat()}' WHERE id = {phase.pk}",  # noqa: S608
    )


def begin_voting(cycle: Cycle) -> None:
    """Move the beginning of voting to this instant, and the phases before it behind it."""
    _allow_moving_dates(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests_begin_voting(%s, %s)", [cycle.pk, db_now()])


def age_unlock(unlock: KioskUnlock, by: timedelta) -> None:
    """Let an unlock of a kiosk have been made so much earlier."""
    _allow_moving_dates(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests_age_unlock(%s, %s)", [unlock.pk, by])


def as_owner(statement: str) -> None:
    """Run SQL with the rights of the owner of the tables, past a trigger that the text turns off.

    What the application's role cannot do: it tells what stands behind that.
    """
    _allow_moving_dates(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tests_as_owner(%s)", [statement])


def slip_into_urn(cycle: Cycle, ciphertext: bytes) -> None:
    """Lay a sealed ballot into the closed urn, as only the owner of the tables can."""
    row = f"gen_random_uuid(), {cycle.pk}, NULL, 0, decode('{ciphertext.hex()}', 'hex')"
    as_owner(
        "INSERT INTO budgeting_sealedballot (id, cycle_id, slot, version, ciphertext)"  # noqa: S608
        f" VALUES ({row})"
    )


def take_from_urn(cycle: Cycle, ciphertext: bytes) -> None:
    """Take a sealed ballot out of the urn, as only the owner of the tables can."""
    sealed = f"decode('{ciphertext.hex()}', 'hex')"
    without_guard(
        f"budgeting_sealedballot_{cycle.pk}",
        "budgeting_sealedballot_append_only",
        f"DELETE FROM budgeting_sealedballot_{cycle.pk} WHERE ciphertext = {sealed}",  # noqa: S608
    )


def write_opened(cycle: Cycle, *ballots: tuple[Sequence[int | None], Sequence[int] | None]) -> None:
    """Opened ballots of the first pot, as the opening writes them with the owner's rights."""
    pot = cycle.pots.first()
    rows = [
        f"({cycle.pk}, {pot.pk}, {_array(options)}::smallint[], {_array(points)}::integer[])"
        for options, points in ballots
    ]
    as_owner(
        "INSERT INTO budgeting_openedballot (cycle_id, pot_id, options, points)"  # noqa: S608
        f" VALUES {', '.join(rows)}"
    )


def _array(numbers: Sequence[int | None] | None) -> str:
    words = ("NULL" if number is None else str(number) for number in numbers or ())
    return "NULL" if numbers is None else f"ARRAY[{', '.join(words)}]"


def without_guard(table: str, trigger: str, statement: str) -> None:
    """Run SQL as the owner of the tables who has turned one trigger off."""
    as_owner(
        f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} DISABLE TRIGGER {trigger};"
        f"{statement};"
        f"ALTER TABLE {table} ENABLE TRIGGER {trigger}; SET CONSTRAINTS ALL DEFERRED"
    )


@cache
def _allow_moving_dates(dbname: str) -> None:
    owner = connections["owner"].settings_dict
    with psycopg.connect(
        host=owner["HOST"] or None,
        port=owner["PORT"] or None,
        user=owner["USER"],
        password=owner["PASSWORD"] or None,
        dbname=dbname,
    ) as owner_connection:
        owner_connection.execute(
            """
            CREATE OR REPLACE FUNCTION tests_set_end(cycle bigint, at timestamptz) RETURNS void
            LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$
            BEGIN
                SET CONSTRAINTS ALL IMMEDIATE;
                ALTER TABLE budgeting_phase DISABLE TRIGGER phase_frozen_when_opened;
                UPDATE budgeting_phase SET ends_at = at
                    WHERE cycle_id = cycle AND kind = 'balloting';
                ALTER TABLE budgeting_phase ENABLE TRIGGER phase_frozen_when_opened;
                SET CONSTRAINTS ALL DEFERRED;
            END $$;
            CREATE OR REPLACE FUNCTION tests_begin_voting(cycle bigint, at timestamptz)
                RETURNS void LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$
            BEGIN
                SET CONSTRAINTS ALL IMMEDIATE;
                ALTER TABLE budgeting_phase DISABLE TRIGGER phase_frozen_when_opened;
                UPDATE budgeting_phase SET starts_at = starts_at - interval '90 days', ends_at = at
                    WHERE cycle_id = cycle AND kind <> 'balloting';
                UPDATE budgeting_phase SET starts_at = at
                    WHERE cycle_id = cycle AND kind = 'balloting';
                ALTER TABLE budgeting_phase ENABLE TRIGGER phase_frozen_when_opened;
                SET CONSTRAINTS ALL DEFERRED;
            END $$;
            CREATE OR REPLACE FUNCTION tests_age_unlock(unlock bigint, older interval)
                RETURNS void LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$
            BEGIN
                SET CONSTRAINTS ALL IMMEDIATE;
                ALTER TABLE budgeting_kioskunlock
                    DISABLE TRIGGER budgeting_kioskunlock_append_only;
                UPDATE budgeting_kioskunlock SET made_at = made_at - older WHERE id = unlock;
                ALTER TABLE budgeting_kioskunlock
                    ENABLE TRIGGER budgeting_kioskunlock_append_only;
                SET CONSTRAINTS ALL DEFERRED;
            END $$;
            CREATE OR REPLACE FUNCTION tests_as_owner(statement text)
                RETURNS void LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$
            BEGIN
                EXECUTE statement;
            END $$
            """
        )
