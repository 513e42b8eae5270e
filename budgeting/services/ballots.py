"""Casting a ballot, and casting it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from budgeting.access import roll_entry_of
from budgeting.domain.election import BallotError, BallotKind, BallotLimits, validate_ballot
from budgeting.enums import Channel, CycleState, PhaseKind
from budgeting.models import Cycle, Option, Participation, Pot, RollEntry
from budgeting.selectors import options_on_ballot, pots_on_ballot
from budgeting.services.errors import (
    BallotRefusedError,
    NotOnRollError,
    VotedOnPaperError,
    VotingClosedError,
)
from budgeting.services.locks import share
from budgeting.services.urns import Urn, put_in_urn
from civicfund.audit.services import db_now
from civicfund.people.models import User
from civicfund.templatetags.money import money

# What is wrong with a ballot, for the person who filled it in.
_REFUSALS = {
    "unknown_option": gettext_lazy("Something you chose is not on the ballot of this pot."),
    "unknown_pot": gettext_lazy("You do not vote on this pot."),
    "repeated_option": gettext_lazy("You named %(option)s twice."),
    "rank_left_empty": gettext_lazy(
        "Rank %(rank)s is empty. Fill the ranks from the first one on."
    ),
    "points_missing": gettext_lazy("Give points to every project that you name."),
    "points_not_wanted": gettext_lazy("This ballot takes no points."),
    "points_not_whole": gettext_lazy("What you gave to %(option)s is not a whole number."),
    "points_too_low": gettext_lazy("%(option)s cannot get %(points)s; the least is %(least)s."),
    "points_too_high": gettext_lazy("%(option)s cannot get %(points)s; the most is %(most)s."),
    "points_sum_too_high": gettext_lazy("You gave %(total)s points and have %(most)s."),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a voter names for one pot: the options' codes, and points for each where asked."""

    options: Sequence[str]
    points: Sequence[object] | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """What the voter is told: when the ballot was cast, whether it replaced an earlier one, and
    the receipt, which is kept nowhere: its hash is on the board."""

    at: datetime
    changed: bool
    receipt: str


def cast(
    cycle: Cycle,
    voter: User | RollEntry,
    choices: Mapping[int, Choice],
    *,
    channel: Channel = Channel.WEB,
) -> Cast:
    """Cast a ballot on every pot that ``choices`` names by its id; the voter's last one counts.

    A voter is a line of the roll, or the account that votes as one.

    What was chosen is checked first, since what stands on a ballot is frozen while voting runs; and
    once more where that was just before voting. Then one transaction, in the order of the house's
    locks: the cycle, shared, so that closing waits; the voter's line of the roll, so that their
    casts follow each other; then the database's clock; last the head of the board. What was chosen
    is sealed before it leaves this process. When this returns and the transaction has committed,
    the ballot is recorded. A pot left empty is an abstention. Raises ``NotOnRollError``,
    ``VotingClosedError`` (also for whoever was given a paper ballot) or ``BallotRefusedError``, and
    then nothing was changed.
    """
    entry = _line_of(cycle, voter)
    read_at = options_on_ballot(cycle).read_at
    try:
        written = checked(cycle, pots_on_ballot(cycle, entry), choices)
    except BallotRefusedError:
        # Whoever comes too late is told so, and not what else is wrong.
        with transaction.atomic():
            check_time(cycle, share(cycle), db_now())
        raise
    try:
        return _cast_as_read(cycle, entry, channel, written, read_at)
    except _ReadBeforeVotingError:
        # Not so the second time: voting has begun, and when is read anew, as it may have moved.
        return cast(Cycle.objects.get(pk=cycle.pk), entry, choices, channel=channel)


class _ReadBeforeVotingError(Exception):
    """A line may have come off the ballot since, so that a place in it means another project."""


def _cast_as_read(
    cycle: Cycle,
    entry: RollEntry,
    channel: Channel,
    written: dict[str, dict[str, Any]],
    read_at: datetime,
) -> Cast:
    with transaction.atomic():
        at, version, begins, urn = _take_part(cycle, entry, channel)
        if read_at < begins:
            raise _ReadBeforeVotingError
        receipt = put_in_urn(urn, entry.pk, version, written)
    return Cast(at=at, changed=version > 1, receipt=receipt)


def _line_of(cycle: Cycle, voter: User | RollEntry) -> RollEntry:
    entry = roll_entry_of(cycle, voter) if isinstance(voter, User) else voter
    if entry is None:
        raise _not_on_roll()
    return entry


def _not_on_roll() -> NotOnRollError:
    return NotOnRollError(_("You are not on the voter roll of this cycle."))


def _take_part(
    cycle: Cycle, entry: RollEntry, channel: Channel
) -> tuple[datetime, int, datetime, Urn]:
    """Write down that the voter casts a ballot: when, the which it is, from when on ballots can be
    cast, and the urn it goes into.

    One statement, which holds all of the cast but its ballot (``budgeting_take_part``).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM budgeting_take_part(%s, %s, %s)", [cycle.pk, entry.pk, channel]
        )
        state, starts_at, ends_at, at, paper_at, version, *sealing = cursor.fetchone()
    if at is None:
        raise _not_on_roll()
    _refuse_outside(state, starts_at, ends_at, at)
    if paper_at is not None:
        raise VotedOnPaperError(
            _("You were given a paper ballot on %(at)s. It is the one that counts.")
            % {"at": date_format(localtime(paper_at), "j F, H:i")}
        )
    return at, version, starts_at, Urn(cycle.pk, *sealing)


def hold_entry(cycle: Cycle, entry: RollEntry) -> RollEntry:
    """The voter's line of the roll, held until the transaction ends."""
    held = (
        RollEntry.objects.select_for_update(of=("self",))
        .select_related("place")
        .filter(cycle=cycle, pk=entry.pk)
        .first()
    )
    if held is None:
        raise _not_on_roll()
    return held


def taken_part(entry: RollEntry) -> Participation | None:
    """Whether the voter has taken part, with their check-in for a paper ballot, if any."""
    mine = Participation.objects.filter(cycle=entry.cycle_id, roll_entry=entry)
    return mine.select_related("check_in__place").first()


def check_time(cycle: Cycle, state: str, now: datetime) -> None:
    """Raise ``VotingClosedError`` unless voting runs at ``now`` in a cycle just read."""
    voting = cycle.phases.filter(kind=PhaseKind.BALLOTING).first()
    starts_at, ends_at = (voting.starts_at, voting.ends_at) if voting else (None, None)
    _refuse_outside(state, starts_at, ends_at, now)


def _refuse_outside(
    state: str, starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> None:
    if state == CycleState.CANCELLED:
        raise VotingClosedError(_("This cycle was cancelled."))
    if state == CycleState.DRAFT or starts_at is None or now < starts_at:
        raise VotingClosedError(_("Voting has not begun."))
    if state != CycleState.OPEN or ends_at is None or now >= ends_at:
        raise VotingClosedError(_("Voting is closed."))


def checked(
    cycle: Cycle, voters_pots: Iterable[Pot], choices: Mapping[int, Choice]
) -> dict[str, dict[str, Any]]:
    """The ballot as it is kept, each pot's options as rising positions.

    Raises ``BallotRefusedError`` for one that breaks its rules.
    """
    chosen = {pot: choice for pot, choice in choices.items() if choice.options or choice.points}
    if not chosen:
        raise BallotRefusedError(_("Choose at least one project."))
    pots = {pot.pk: pot for pot in voters_pots}
    listed = options_on_ballot(cycle)
    options = {pk: {each.code: each for each in listed.of(pot)} for pk, pot in pots.items()}
    kept, refused, about = {}, {}, {}
    for pot_id, choice in chosen.items():
        try:
            if pot_id not in pots:
                raise BallotError("unknown_pot")
            kept[str(pot_id)] = _kept(cycle, pots[pot_id], choice, options[pot_id])
        except BallotError as error:
            wrong = options.get(pot_id, {}).get(str(error.values.get("option")))
            refused[pot_id] = _words(error, cycle.currency, wrong)
            if wrong is not None:
                about[pot_id] = wrong.code
    if refused:
        raise BallotRefusedError(_("The ballot was not cast."), refused, about)
    return kept


def _kept(
    cycle: Cycle, pot: Pot, choice: Choice, options: Mapping[str, Option]
) -> dict[str, list[int] | None]:
    kind = BallotKind(cycle.ballot_kind)
    costs = {code: option.cost_minor for code, option in options.items()}
    if kind is BallotKind.RANKING and "" in choice.options:
        raise BallotError("rank_left_empty", rank=choice.options.index("") + 1)
    validate_ballot(kind, choice.options, choice.points, costs, limits_of(cycle, pot))
    places = [options[code].position for code in choice.options]
    if kind is BallotKind.RANKING:
        return {"options": places, "points": None}
    if choice.points is None or not kind.has_points:
        return {"options": sorted(places), "points": None}
    pairs = sorted(zip(places, map(int, map(str, choice.points)), strict=True))
    return {"options": [place for place, _ in pairs], "points": [points for _, points in pairs]}


def limits_of(cycle: Cycle, pot: Pot) -> BallotLimits:
    """What a ballot for the pot may hold, as the pure core checks it."""
    knapsack = cycle.ballot_kind == BallotKind.KNAPSACK
    return BallotLimits(
        min_choices=pot.min_options,
        max_choices=pot.max_options,
        budget_minor=pot.amount_minor if knapsack else None,
        min_points=pot.min_points,
        max_points=pot.max_points,
        max_sum_points=pot.max_sum_points,
    )


def _words(error: BallotError, currency: str, option: Option | None) -> str:
    """What is wrong with a ballot, for the person who filled it in."""
    values: dict[str, Any] = dict(error.values)
    values["option"] = _("“%(name)s”") % {"name": option.name} if option else ""
    if error.code == "over_budget":
        over = money(values["total_minor"] - values["limit_minor"], currency)
        return _("Your choice costs %(over)s more than there is in this pot.") % {"over": over}
    if error.code == "too_few_choices":
        return ngettext(
            "Choose at least %(least)s project.",
            "Choose at least %(least)s projects.",
            values["least"],
        ) % {"least": values["least"]}
    if error.code == "too_many_choices":
        return ngettext(
            "You chose %(chosen)s; this pot allows %(most)s project.",
            "You chose %(chosen)s; this pot allows %(most)s projects.",
            values["most"],
        ) % {"chosen": values["chosen"], "most": values["most"]}
    return str(_REFUSALS[error.code]) % values
