"""The end of voting: the cycle closes, and its ballots are opened."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from budgeting.enums import CYCLE_MOVES, CycleState, PhaseKind
from budgeting.models import Cycle
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take
from civicfund.audit.services import advance, db_now, record

# The last version of each voter, one row for each pot that it names. Rows come in an order that
# PostgreSQL's strong randomness makes, and carry nothing of where they came from.
_LAST_VERSIONS = """
    SELECT last.choices FROM (
        SELECT DISTINCT ON (ballot.participation_id) ballot.choices
        FROM budgeting_ballot ballot
        JOIN budgeting_participation participation ON participation.id = ballot.participation_id
        WHERE participation.cycle_id = %(cycle)s
        ORDER BY ballot.participation_id, ballot.version DESC
    ) last
"""
_OPEN = f"""
    WITH rules AS MATERIALIZED (
        SELECT * FROM budgeting_potrules WHERE cycle_id = %(cycle)s
    ),
    opened AS MATERIALIZED (
        SELECT chosen.*, CASE WHEN rules.pot_id IS NULL THEN 'unknown_pot'
            ELSE budgeting_ballot_fault(rules.ballot_kind, rules.costs, rules.amount_minor,
                rules.min_options, rules.max_options, chosen.options, chosen.points,
                rules.min_points, rules.max_points, rules.max_sum_points)
            END AS fault
        FROM ({_LAST_VERSIONS}) ballot
        CROSS JOIN LATERAL budgeting_chosen(ballot.choices) chosen
        LEFT JOIN rules ON rules.pot_id = chosen.pot_id
    ),
    kept AS (
        INSERT INTO budgeting_openedballot (cycle_id, pot_id, options, points)
        SELECT %(cycle)s, pot_id, options, points FROM opened
        WHERE fault IS NULL ORDER BY gen_random_uuid()
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM opened), (SELECT count(*) FROM kept)
"""  # noqa: S608 -- built of constants


def due_to_close() -> list[Cycle]:
    """Open cycles whose closing instant is past by more than any request may live."""
    latest = db_now() - timedelta(seconds=settings.CLOSING_GRACE_SECONDS)
    return list(
        Cycle.objects.filter(
            state=CycleState.OPEN, phases__kind=PhaseKind.BALLOTING, phases__ends_at__lte=latest
        ).order_by("pk")
    )


def close_cycle(cycle: Cycle) -> Cycle:
    """End the voting: every cast that holds the cycle is waited for, and none comes after.

    Raises ``RefusedError`` before the closing instant and its grace: there is no early closing.
    """
    with transaction.atomic():
        held = take(cycle)
        if held.state != CycleState.OPEN:
            return held
        if held not in due_to_close():
            raise RefusedError(_("Voting is not over."))
        return advance(held, CycleState.CLOSED, CYCLE_MOVES, actor=None)


def open_ballots(cycle: Cycle) -> Cycle:
    """Turn each voter's last ballot into opened ballots, one for each pot, in random order.

    A ballot that the rules do not allow, which only somebody at the database itself can have
    written, is left out, and how many there were is said beside the outcome.
    """
    with transaction.atomic():
        held = take(cycle)
        if held.state != CycleState.CLOSED:
            return held
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, {"cycle": held.pk})
            found, kept = cursor.fetchone()
        record("cycle.ballots_opened", held, actor=None, kept=kept, void=found - kept)
        return advance(
            held, CycleState.UNSEALED, CYCLE_MOVES, actor=None, void_ballots=found - kept
        )
