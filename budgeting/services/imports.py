"""A published election as an imported cycle: its ballots go straight to those that are counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from budgeting.domain import pabulib
from budgeting.domain.election import BallotKind, Ballots
from budgeting.domain.outcome import Parameter
from budgeting.domain.pabulib import PabulibFile
from budgeting.enums import (
    DROPPED_SLUG,
    IMPORTED_CYCLE_MOVES,
    RESERVED_SLUGS,
    CycleState,
    Origin,
    PhaseKind,
    TieOrder,
)
from budgeting.models import Cycle, Option, Phase, Pot
from budgeting.services.errors import RefusedError
from budgeting.services.rules import check_rule
from civicfund.audit.services import advance, record
from civicfund.money import minor_digits, one_major_unit

# What a file calls the city's rule, and what we count it by unless told otherwise.
_RULES = {
    "greedy": "greedy",
    "greedy-no-skip": "greedy_stop",
    "greedy-threshold": "greedy_threshold",
    "equalshares": "equal_shares_cost",
    "equalshares/add1": "equal_shares_cost_add1_official",
}
_FALLBACK = {
    BallotKind.CUMULATIVE: "greedy_points",
    BallotKind.SCORING: "greedy_points",
    BallotKind.RANKING: "greedy_borda",
}
_ROWS_AT_ONCE = 10_000
_LARGEST_POINTS = 2**31 - 1
_LONGEST_CODE = 64
_LONGEST_SLUG = 50

Watcher = Callable[[str, int, int], None]


def import_election(
    path: Path,
    *,
    rule: str = "",
    on_progress: Watcher = lambda stage, done, total: None,
) -> Cycle:
    """The election of a ``.pb`` file as a cycle that waits for its count.

    It is counted by ``rule``, or by the one that the file names for its city where we know it.
    ``on_progress`` is told the stage ("reading", "writing"), how many ballots are done and of how
    many (0: not known yet). Raises ``PabulibError`` with the line where the file is broken, and
    ``RefusedError``; nothing is imported then.
    """
    slug = _slug(path)
    if Cycle.objects.filter(slug=slug).exists():
        raise RefusedError(_("%(file)s has been imported already.") % {"file": path.name})
    file = pabulib.read(
        path,
        places=minor_digits(settings.CURRENCY),
        progress=lambda done: on_progress("reading", done, 0),
    )
    currency = currency_of(file)
    factor = factor_of(file, currency)
    with transaction.atomic():
        cycle = _cycle(file, slug, currency, rule)
        pot = Pot.objects.create(
            cycle=cycle,
            position=0,
            name=_part(file) or cycle.title,
            amount_minor=file.election.budget_minor * factor,
            min_options=0,
        )
        _options(file, cycle, pot, factor)
        _voting(file, cycle)
        _copy(file.election.ballots, cycle, pot, on_progress)
        record("cycle.imported", cycle, actor=None, ballots=file.election.ballots.count)
        return advance(cycle, CycleState.UNSEALED, IMPORTED_CYCLE_MOVES, actor=None)


def _slug(path: Path) -> str:
    """The file's name as an address; of two long names that begin alike each keeps its own."""
    slug = slugify(path.stem) or "election"
    if slug in RESERVED_SLUGS or slug.startswith(DROPPED_SLUG):
        slug = f"{slug}-election"
    if len(slug) <= _LONGEST_SLUG:
        return slug
    mark = hashlib.sha256(slug.encode()).hexdigest()[:6]
    return f"{slug[: _LONGEST_SLUG - 7]}-{mark}"


def currency_of(file: PabulibFile) -> str:
    """The file's currency; ISO 4217's code for none where it does not say."""
    said = file.meta.get("currency", "").upper()
    return said if len(said) == 3 and said.isascii() and said.isalpha() else "XXX"


def factor_of(file: PabulibFile, currency: str) -> int:
    """What the file's smallest units have to be multiplied by to be the currency's."""
    factor, rest = divmod(one_major_unit(currency), file.scale)
    if rest or not factor:
        raise RefusedError(
            _("Its amounts have more decimals than %(currency)s has.") % {"currency": currency}
        )
    return factor


def _cycle(file: PabulibFile, slug: str, currency: str, rule: str) -> Cycle:
    kind = file.election.ballots.kind
    rule = rule or _rule(file)
    parameters = _parameters(file, rule)
    check_rule(kind, rule, parameters)
    return Cycle.objects.create(
        slug=slug,
        title=title_of(file),
        summary=file.meta.get("description", "")[:280],
        origin=Origin.IMPORTED,
        ballot_kind=kind.value,
        rule=rule,
        rule_parameters=parameters,
        ties=TieOrder.LEXICOGRAPHIC,
        currency=currency,
        source={"meta": dict(file.meta), "warnings": list(file.warnings)},
    )


def _rule(file: PabulibFile) -> str:
    """The rule that the city used, as far as we have it for such ballots."""
    kind = file.election.ballots.kind
    return _FALLBACK.get(kind, _RULES.get(file.meta.get("rule", ""), "greedy"))


def _parameters(file: PabulibFile, rule: str) -> dict[str, Parameter]:
    said = file.meta.get("min_project_score_threshold", "")
    if rule.endswith("_threshold") and said.isdecimal():
        return {"threshold": int(said) * file.points_scale}
    return {}


def _part(file: PabulibFile) -> str:
    """The part of the town that the election was about; empty for all of it."""
    return (file.meta.get("subunit") or file.meta.get("district") or "")[:120]


def title_of(file: PabulibFile) -> str:
    """What a page calls the election: its town, its instance, its part of the town."""
    town = " ".join(filter(None, (file.meta.get("unit"), file.meta.get("instance"))))
    return ", ".join(filter(None, (town, _part(file))))[:120] or str(_("An election"))


def _options(file: PabulibFile, cycle: Cycle, pot: Pot, factor: int) -> None:
    longest = max((len(option.id) for option in file.options), default=0)
    if longest > _LONGEST_CODE:
        raise RefusedError(
            _("A project's id has more than %(most)s letters.") % {"most": _LONGEST_CODE}
        )
    chosen = None if file.selected_by_city is None else set(file.selected_by_city)
    Option.objects.bulk_create(
        Option(
            cycle=cycle,
            pot=pot,
            position=position,
            code=option.id,
            name=(option.name or option.id)[:500],
            cost_minor=option.cost_minor * factor,
            exclusion_group=option.group or "",
            selected_by_city=None if chosen is None else option.id in chosen,
        )
        for position, option in enumerate(file.options)
    )


def _voting(file: PabulibFile, cycle: Cycle) -> None:
    """The days on which the city voted, where the file gives them."""
    begun = _day(file.meta.get("date_begin", ""), last=False)
    ended = _day(file.meta.get("date_end", ""), last=True)
    if begun and ended and begun <= ended:
        Phase.objects.create(
            cycle=cycle,
            kind=PhaseKind.BALLOTING,
            starts_at=_midnight(begun),
            ends_at=_midnight(ended + timedelta(days=1)),
        )


def _day(text: str, *, last: bool) -> date | None:
    """``dd.mm.yyyy`` or ``yyyy`` (its first or last day); None for anything else."""
    parts = text.split(".")
    try:
        if len(parts) == 1:
            return date(int(text), 12, 31) if last else date(int(text), 1, 1)
        day, month, year = map(int, parts)
        return date(year, month, day)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _copy(ballots: Ballots, cycle: Cycle, pot: Pot, on_progress: Watcher) -> None:
    """Write the ballots with COPY, in pieces that are checked by the database one by one."""
    if ballots.points is not None and ballots.points.max(initial=0) > _LARGEST_POINTS:
        raise RefusedError(_("Its ballots give more points than can be kept."))
    statement = "COPY budgeting_openedballot (cycle_id, pot_id, options, points) FROM STDIN"
    lines = _lines(ballots.canonical(), f"{cycle.pk}\t{pot.pk}")
    done, total = 0, ballots.count
    with connection.cursor() as cursor:
        while piece := list(islice(lines, _ROWS_AT_ONCE)):
            with cursor.copy(statement) as copy:
                copy.write("".join(piece))
            done += len(piece)
            on_progress("writing", done, total)


def _lines(ballots: Ballots, whose: str) -> Iterator[str]:
    """One line of COPY's text format for each ballot."""
    for choices, points, weight in ballots.rows():
        named = ",".join(map(str, choices))
        given = r"\N" if points is None else "{" + ",".join(map(str, points)) + "}"
        for _copy_of_it in range(weight):
            yield f"{whose}\t{{{named}}}\t{given}\n"
