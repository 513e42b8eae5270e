"""Paper is counted with the same care: what a clerk misreads is found before it is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from budgeting.models import Cycle, OpenedBallot, PollingPlace
from budgeting.selectors import paper_sums
from budgeting.services.closing import close_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.keying import Standing, end_keying
from civicfund.people.enums import Role
from civicfund.people.models import User
from tests.budgeting.test_keying import PROJECTS, misread
from tests.factories.budgeting import administrator, open_by_trustees
from tests.factories.paper import (
    accounted,
    compared,
    ended,
    holder,
    keyed,
    paper_cycle,
)
from tests.trust.electorate import end_voting
from tests.trust.result import Result, faults
from tests.trust.town import Town

SLIPS = 0.02  # of the second clerk, which is often
NOT_FOUND = 0.01
Sheets = Mapping[str, Sequence[int]]


def keying_errors(town: Town, full: bool) -> Result:
    """One clerk errs on every sheet; what is opened in the end is what the sheets say.

    Where two differ a third reads something else again, as if to decide alone; then others read
    what is there, until two agree.
    """
    number = 500 if full else 20
    chance = Random(5)  # noqa: S311 -- repeatable
    cycle, place, sheets = _closed(town, number, chance)
    tired, fresh, bent = (holder(Role.CLERK) for _ in range(3))
    careful = [holder(Role.CLERK) for _ in range(2)]
    found = alone = 0
    for sheet, right in sheets.items():
        first = misread(right, chance)
        keyed(cycle, sheet, first, by=tired)
        second = misread(right, chance) if chance.random() < SLIPS else right
        standing = keyed(cycle, sheet, second, by=fresh)
        if standing == Standing.DIFFER:
            found += 1
            standing = keyed(cycle, sheet, _another([first, second, right], chance), by=bent)
            alone += standing == Standing.DONE
            _until_two_agree(cycle, sheet, right, standing, careful)
    early = _ends(cycle)
    _account_for_and_end(cycle, place, sheets)
    wrong = _counted_otherwise(open_by_trustees(cycle), sheets)
    copied, in_sample = _one_clerk_copies_the_other(town, number, chance)
    return Result(
        tried="a clerk who errs on every sheet beside one who errs on one in fifty, a third who"
        " reads something else again where they differ, and others until two agree; keying ended"
        " before places are accounted for; the opened ballots beside the sheets",
        size=f"{number} sheets, each keyed wrongly once: {found} found",
        faults=faults(
            errors_not_found=max(0, number - found - int(NOT_FOUND * number)),
            sheets_decided_by_one=alone,
            sheets_counted_otherwise=max(0, wrong - (number - found)),
            keyings_ended_too_early=early,
        ),
        control=f"where the second clerk copies the first, {copied} of {number} sheets are counted"
        f" otherwise than they say; the compared sample tells of {in_sample}",
        control_failed=copied > 0 and in_sample > 0,
    )


def _another(readings: Sequence[Sequence[int]], chance: Random) -> list[int]:
    """What nobody has read yet."""
    while True:
        made_up = sorted(chance.sample(range(PROJECTS), chance.randrange(1, 5)))
        if made_up not in readings:
            return made_up


def _until_two_agree(
    cycle: Cycle, sheet: str, right: Sequence[int], standing: Standing, clerks: Sequence[User]
) -> None:
    for clerk in clerks:
        if standing != Standing.DONE:
            standing = keyed(cycle, sheet, right, by=clerk)


def _closed(town: Town, number: int, chance: Random) -> tuple[Cycle, PollingPlace, Sheets]:
    """A vote on paper that is over, and what its sheets say."""
    cycle, _people, place, numbers = paper_cycle(
        1, sheets=number, sample_size=min(20, number), costs_minor=[100_000] * PROJECTS
    )
    end_voting(town, cycle)
    cycle = close_cycle(cycle)
    return (
        cycle,
        place,
        {each: sorted(chance.sample(range(PROJECTS), chance.randrange(1, 5))) for each in numbers},
    )


def _ends(cycle: Cycle) -> bool:
    """Whether keying can be ended."""
    try:
        end_keying(cycle, by=administrator())
    except RefusedError:
        return False
    return True


def _account_for_and_end(cycle: Cycle, place: PollingPlace, sheets: Sheets) -> None:
    accounted(place, len(sheets))
    ended(cycle)
    compared(cycle, sheets)


def _one_clerk_copies_the_other(town: Town, number: int, chance: Random) -> tuple[int, int]:
    """Sheets that are counted otherwise than they say, and errors that the sample tells of."""
    cycle, place, sheets = _closed(town, number, chance)
    clerks = holder(Role.CLERK), holder(Role.CLERK)
    for sheet, right in sheets.items():
        wrong = misread(right, chance)
        for clerk in clerks:
            keyed(cycle, sheet, wrong, by=clerk)
    _account_for_and_end(cycle, place, sheets)
    return _counted_otherwise(open_by_trustees(cycle), sheets), paper_sums(cycle).sample.errors


def _counted_otherwise(cycle: Cycle, sheets: Sheets) -> int:
    """How many sheets say something that was not opened so often."""
    said = Counter(tuple(sorted(each)) for each in sheets.values())
    opened = OpenedBallot.objects.filter(cycle=cycle).values_list("options", flat=True)
    return (said - Counter(tuple(sorted(each)) for each in opened)).total()
