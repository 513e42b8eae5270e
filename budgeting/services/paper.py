"""Preparing a vote on paper: its key and its seed, polling places, printed sheets, their totals."""

from __future__ import annotations

import hashlib
import secrets

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from budgeting.access import holds, pots_at, require
from budgeting.domain.paper import new_number
from budgeting.enums import MOST_SHEETS, CycleState
from budgeting.models import (
    Cycle,
    KeyingEnd,
    Option,
    PaperVote,
    PlaceTotals,
    PollingPlace,
    Sheet,
    SheetBatch,
)
from budgeting.services import key_files
from budgeting.services.errors import RefusedError
from budgeting.services.locks import share, take
from civicfund.audit.services import db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood

log = structlog.get_logger(__name__)

_SEED_BYTES = 32
# Until the ballots are opened, sheets are keyed or may still be.
KEYED_WHILE = (CycleState.DRAFT, CycleState.OPEN, CycleState.CLOSED)


def offer_paper(cycle: Cycle, *, sample_size: int, by: User) -> PaperVote:
    """Let people vote on paper too; so many sheets will be compared with what was keyed.

    Makes the key under which sheets are keyed, as a file of its own (the voters' key is destroyed
    at the close), and commits to the seed that will draw the sample.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    if sample_size < 1:
        raise RefusedError(_("Compare at least one sheet."), field="sample_size")
    with transaction.atomic():
        held = take(cycle)
        _check_before_the_end(held)
        if PaperVote.objects.filter(pk=held.pk).exists():
            raise RefusedError(_("This cycle is voted on on paper already."))
        seed = secrets.token_bytes(_SEED_BYTES)
        made = PaperVote.objects.create(
            cycle=held,
            first_key_hash=key_files.make_key(),
            seed=seed.hex(),
            commitment=hashlib.sha256(seed).hexdigest(),
            sample_size=sample_size,
            made_by=by,
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT budgeting_make_keying_urn(%s)", [held.pk])
        record("cycle.paper_offered", held, actor=by, sample_size=sample_size)
    return made


def add_place(cycle: Cycle, *, name: str, address: str, hours: str = "", by: User) -> PollingPlace:
    """Add a place where people vote on paper."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_before_the_end(held)
        paper_of(held)
        _check_name(held, name)
        place = PollingPlace.objects.create(cycle=held, name=name, address=address, hours=hours)
        record("polling_place.added", place, actor=by)
    return place


def correct_place(
    place: PollingPlace, *, name: str, address: str, hours: str = "", by: User
) -> PollingPlace:
    """Say anew what a place is called, where it is and when it is open."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(place.cycle)
        _check_before_the_end(held)
        _check_name(held, name, but=place)
        place.name, place.address, place.hours = name, address, hours
        place.save()
        record("polling_place.corrected", place, actor=by)
    return place


def _check_name(cycle: Cycle, name: str, *, but: PollingPlace | None = None) -> None:
    namesake = cycle.polling_places.filter(name=name).first()
    if namesake is not None and namesake != but:
        raise RefusedError(_("There is a place of this name already."), field="name")


def print_sheets(
    place: PollingPlace, *, area: Neighborhood, number: int, language: str, by: User
) -> tuple[SheetBatch, list[str]]:
    """New sheets for a place, with the pots of a neighborhood; their numbers, shuffled.

    The order in which they are printed is kept nowhere. From the first batch on nothing that
    stands on a ballot changes.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    if not 1 <= number <= MOST_SHEETS:
        raise RefusedError(
            _("Between 1 and %(most)s sheets are printed at a time.") % {"most": MOST_SHEETS},
            field="number",
        )
    if language not in dict(settings.LANGUAGES):
        raise RefusedError(_("The site does not speak this language."), field="language")
    with transaction.atomic():
        held = take(place.cycle)
        if held.state == CycleState.DRAFT:
            raise RefusedError(_("Sheets are printed once the cycle is open: until then it moves."))
        _check_before_the_end(held)
        paper_of(held)
        pots = pots_at(held.pk, area)
        if not Option.objects.filter(pot__in=pots).exists():
            raise RefusedError(_("Nothing stands on this ballot yet."), field="area")
        batch = SheetBatch.objects.create(
            cycle=held, place=place, area=area, language=language, printed=number, made_by=by
        )
        numbers = _new_numbers(held, number)
        Sheet.objects.bulk_create(
            Sheet(cycle=held, batch=batch, number=each) for each in sorted(numbers)
        )
        record("cycle.sheets_printed", held, actor=by, batch=batch.pk, printed=number)
    return batch, numbers


def _new_numbers(cycle: Cycle, number: int) -> list[str]:
    """So many numbers that no sheet of the cycle has, in no order. The caller holds the cycle."""
    taken = set(cycle.sheets.values_list("number", flat=True))
    fresh: dict[str, None] = {}
    while len(fresh) < number:
        candidate = new_number()
        if candidate not in taken:
            fresh[candidate] = None
    return list(fresh)


def account_for(
    place: PollingPlace, *, cast: int, spoiled: int, returned: int, reason: str = "", by: User
) -> PlaceTotals:
    """Say what became of a place's sheets.

    Where the sums do not meet, or not as many sheets lie in the box as people were given one, also
    why, for everybody to read.
    """
    if not holds(by, Role.POLL_OFFICER):
        require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        state = share(place.cycle)
        ends_at = place.cycle.voting_ends_at
        over = state == CycleState.OPEN and ends_at is not None and db_now() >= ends_at
        if state != CycleState.CLOSED and not over:
            raise RefusedError(_("A place is accounted for once voting is over."))
        if KeyingEnd.objects.filter(pk=place.cycle_id).exists():
            raise RefusedError(_("Keying has ended: the totals stand."))
        if not reason.strip():
            _check_sums(place, cast, spoiled, returned)
        made = PlaceTotals.objects.create(
            place=place,
            version=place.totals.count() + 1,
            cast=cast,
            spoiled=spoiled,
            returned=returned,
            reason=reason.strip(),
            made_by=by,
        )
        record("polling_place.accounted_for", place, actor=by, version=made.version)
    return made


def _check_sums(place: PollingPlace, cast: int, spoiled: int, returned: int) -> None:
    missing = issued(place) - cast - spoiled - returned
    if missing:
        raise RefusedError(_difference(missing), field="reason")
    people = place.check_ins.count()
    if cast != people:
        raise RefusedError(
            _(
                "There are %(cast)s sheets in the box, and %(people)s people were checked in here:"
                " say why."
            )
            % {"cast": cast, "people": people},
            field="reason",
        )


def _difference(missing: int) -> str:
    if missing > 0:
        return _("%(missing)s of the sheets that were printed are missing: say why.") % {
            "missing": missing
        }
    return _("There are %(more)s sheets more than were printed: say why.") % {"more": -missing}


def issued(place: PollingPlace) -> int:
    """How many sheets were printed for a place."""
    total: int = place.batches.aggregate(all=Sum("printed", default=0))["all"]
    return total


def paper_of(cycle: Cycle) -> PaperVote:
    """How the cycle is voted on on paper. Raises ``RefusedError`` where it is not."""
    found = PaperVote.objects.filter(pk=cycle.pk).first()
    if found is None:
        raise RefusedError(_("This cycle is not voted on on paper."))
    return found


def paper_keys_left() -> list[PaperVote]:
    """Votes of which a key of sheets is still there that nobody may need any more."""
    papers = PaperVote.objects.select_related("cycle").prefetch_related("keyings_anew")
    return [paper for paper in papers if any(map(key_files.key_exists, _keys_done_with(paper)))]


def destroy_paper_keys(paper: PaperVote) -> None:
    """Overwrite every key of sheets that is done with and remove it; quietly where it is gone."""
    for key_hash in _keys_done_with(paper):
        if key_files.destroy_key(key_hash):
            log.info("paper_key.destroyed", cycle=paper.pk)


def _keys_done_with(paper: PaperVote) -> list[str]:
    """All of a vote that was opened or called off; before that, those that another one replaced.

    One of these may come back, from a copy: what was keyed under it is dropped.
    """
    return paper.key_hashes[:-1] if paper.cycle.state in KEYED_WHILE else paper.key_hashes


def _check_before_the_end(cycle: Cycle) -> None:
    """The caller holds the cycle."""
    ends_at = cycle.voting_ends_at
    if cycle.is_prepared:
        return
    if cycle.state != CycleState.OPEN or ends_at is None or db_now() >= ends_at:
        raise RefusedError(_("Voting is over."))
