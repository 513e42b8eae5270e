"""The bundle of a published vote: all that anyone needs to verify it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.domain import bundle, pabulib
from budgeting.domain.board import OnBallots, moment
from budgeting.domain.election import Election
from budgeting.domain.outcome import Outcome
from budgeting.enums import CycleState
from budgeting.models import BundlePart, Cycle, KeptBundle, Tally
from budgeting.selectors import PaperSums, board_of, board_rows, options_on_board, paper_sums
from budgeting.services.errors import BusyError, RefusedError
from budgeting.services.inputs import read_inputs
from civicfund.money import one_major_unit
from civicfund.turns import Work, alone_at

PART_BYTES = 1 << 20


def due_to_bundle() -> list[Cycle]:
    """Published votes whose bundle is not kept yet."""
    waiting = Cycle.objects.filter(state=CycleState.PUBLISHED, kept_bundle__isnull=True)
    return list(waiting.filter(board__isnull=False).order_by("pk"))


def keep_bundle(cycle: Cycle) -> KeptBundle:
    """The bundle of a published vote: made the first time, the same bytes from then on.

    The worker comes first, as a rule. Raises ``BusyError`` where somebody is at it at this moment,
    and ``RefusedError`` like ``write_bundle``.
    """
    kept = _kept(cycle)
    if kept is not None:
        return kept
    with alone_at(Work.BUNDLE, cycle.pk) as alone:
        if not alone:
            raise BusyError(_("The file is being put together. Come back in a minute."))
        # Whoever was at it may have done it since.
        return _kept(cycle) or _make(cycle)


def _kept(cycle: Cycle) -> KeptBundle | None:
    return KeptBundle.objects.filter(pk=cycle.pk).first()


def _make(cycle: Cycle) -> KeptBundle:
    with tempfile.TemporaryFile() as file:
        write_bundle(cycle, file)
        size = file.tell()
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        with transaction.atomic():
            kept = KeptBundle.objects.create(cycle=cycle, sha256=digest, size_bytes=size)
            for position, content in enumerate(iter(lambda: file.read(PART_BYTES), b"")):
                BundlePart.objects.create(bundle=kept, position=position, content=content)
    return kept


def bytes_of(kept: KeptBundle) -> Iterator[bytes]:
    """The bundle, part by part, each by a question of its own: a cursor over all of them would have
    the database copy the whole bundle for as long as somebody takes it.
    """
    for position in count():
        content = BundlePart.objects.filter(bundle=kept, position=position)
        part = content.values_list("content", flat=True).first()
        if part is None:
            return
        yield bytes(part)


def write_bundle(cycle: Cycle, target: IO[bytes]) -> None:
    """Write the bundle. Raises ``RefusedError`` where a vote has none, or is not published."""
    board = board_of(cycle)
    if board is None or not cycle.shows_outcome:
        raise RefusedError(_("This vote has no published record."))
    pots, elections = [], {}
    more: dict[str, str] = {}
    paper, options = paper_sums(cycle), options_on_board(board)
    binding = Tally.objects.filter(cycle=cycle, binding=True).select_related("pot")
    for tally in binding.order_by("pot__position"):
        election = read_inputs(cycle, tally.pot).election
        digest = Outcome.from_json(tally.outcome).digest
        pots.append(
            bundle.pot_record(tally.pot_id, tally.pot.name, election, tally.outcome, digest)
        )
        elections[tally.pot_id] = election
        if election.ballots.count >= bundle.LEAST_BALLOTS:
            more |= _as_pabulib(cycle, tally, election)
    record = {
        "format": bundle.FORMAT,
        "town": settings.TOWN_NAME,
        "cycle": cycle.slug,
        "title": cycle.title,
        "currency": cycle.currency,
        **board.opened,
        "tie_seed": cycle.tie_seed,
        "board": {
            "first": board.first, "size": board.size, "head": board.head, "root": board.root,
            "superseded": board.superseded, "replaced_by_paper": board.replaced_by_paper or 0,
            "counted": board.counted, "void": board.void,
            "extensions": _extensions(cycle), **_moves(cycle),
            "options": _options(options) if options else None,
        },
        "paper": _paper(paper) if paper else None,
        "counted": (board.counted or 0) + (paper.counted or 0 if paper else 0),
        "pots": pots,
    }  # fmt: skip
    bundle.write(target, record, board_rows(board), elections, more)


def _extensions(cycle: Cycle) -> list[dict[str, object]]:
    """The rules as opened hold the end that was planned; this is how it moved."""
    return [
        {
            "board_size": each.board_size,
            "from_at": moment(each.from_at),
            "to_at": moment(each.to_at),
            "at": moment(each.at),
            "reason": each.reason,
        }
        for each in cycle.extensions.all()
    ]


def _moves(cycle: Cycle) -> dict[str, Any]:
    """The same of phases that were moved; nothing where none was, as mostly."""
    moves = [
        {
            "board_size": each.board_size,
            "extensions": each.extensions,
            "kind": each.kind,
            "from_starts_at": moment(each.from_starts_at),
            "from_ends_at": moment(each.from_ends_at),
            "to_starts_at": moment(each.to_starts_at),
            "to_ends_at": moment(each.to_ends_at),
            "at": moment(each.at),
            "reason": each.reason,
        }
        for each in cycle.moves_of_phases.all()
    ]
    return {"moves": moves} if moves else {}


def _options(committed: OnBallots) -> dict[str, Any]:
    """What stood on the ballots; of moves nothing where none came before."""
    said = asdict(committed)
    return said if committed.moves else {key: said[key] for key in ("sha256", "extensions")}


def _paper(sums: PaperSums) -> dict[str, Any]:
    """What became of the sheets: nothing of what stands on them."""
    end, sample = sums.end, sums.sample
    return {
        "seed": sums.paper.seed,
        "seed_commitment": sums.paper.commitment,
        "sheets": end.sheets if end else 0,
        "decided_by_a_third": end.decided if end else 0,
        "keyed_by_more_than_three": end.beyond_three if end else 0,
        "counted": sums.counted or 0,
        "void": sums.void or 0,
        "void_reasons": end.voids if end else {},
        "void_pots": end.void_parts if end else {},
        "sample": {
            "compared": sample.compared if sample else 0,
            "errors": sample.errors if sample else 0,
        },
        **_begun_anew(sums),
        "places": [
            {
                "name": each.place.name,
                "printed": each.issued,
                "cast": each.totals.cast if each.totals else 0,
                "spoiled": each.totals.spoiled if each.totals else 0,
                "returned": each.totals.returned if each.totals else 0,
                "reason": each.totals.reason if each.totals else "",
                "checked_in": each.checked_in or 0,
                "keyed": each.keyed or 0,
                "reason_at_end": each.reason_at_end,
            }
            for each in sums.places
        ],
    }


def _begun_anew(sums: PaperSums) -> dict[str, Any]:
    """How often keying was begun anew, when and why; nothing where it was not, as mostly."""
    anew = [
        {"at": moment(each.at), "reason": each.reason, "keyings_dropped": each.dropped}
        for each in sums.paper.keyings_anew.all()
    ]
    return {"keying_begun_anew": anew} if anew else {}


def _as_pabulib(cycle: Cycle, tally: Tally, election: Election) -> dict[str, str]:
    """The pot in the field's own format, where that can hold it."""
    voting = cycle.voting
    dates = {
        name: at.strftime("%d.%m.%Y")
        for name, at in (
            ("date_begin", voting and voting.starts_at),
            ("date_end", voting and voting.ends_at),
        )
        if at
    }
    meta = {
        "description": f"{cycle.title}: {tally.pot.name}",
        "country": settings.TOWN_NAME,
        "unit": settings.TOWN_NAME,
        "instance": cycle.slug,
        "rule": tally.rule,
        "currency": cycle.currency,
        **dates,
    }
    if tally.pot.max_sum_points:
        meta["max_sum_points"] = str(tally.pot.max_sum_points)
    try:
        text = pabulib.lines(
            election, meta, scale=one_major_unit(cycle.currency),
            selected=tally.outcome["selected"],
        )  # fmt: skip
        return {f"pots/{tally.pot_id}.pb": "".join(text)}
    except pabulib.UnwritableError:
        return {}
