"""Anyone can recount: two programs that share no code, and what a bundle gives away."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence

from budgeting.domain.bundle import BALLOT_COLUMNS, LEAST_BALLOTS
from budgeting.models import Cycle, RollEntry
from budgeting.services.ballots import Choice, cast
from budgeting.services.bundles import write_bundle
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_pot
from budgeting.services.results import certify, publish
from civicfund.launch.servers import ROOT
from tests.factories.budgeting import (
    add_options,
    administrator,
    certifier,
    codes,
    draft_cycle,
    fill_roll,
    open_by_trustees,
    opened,
)
from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory
from tests.trust.electorate import end_voting
from tests.trust.result import Result, faults
from tests.trust.town import Town

# Its tests bend the browser's counter and find that it counts otherwise.
BENT = "bent_counter"
TESTS = ("tests/browser/test_verifying.py", "tests/budgeting/test_bundle.py")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}|\b\d{1,2}:\d{2}\b")
_STABLE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
VOTE_COLUMNS = {"voter_id", "vote", "points"}


def two_verifiers(town: Town, full: bool) -> Result:
    """The browser's program counts as ours does, ties included; servers of its own."""
    alike, words = _passed(full, *TESTS, "-k", f"not {BENT}")
    bent, _words = _passed(full, TESTS[0], "-k", BENT)
    return Result(
        tried="made-up elections with ties, by every rule, in both programs; altered bundles",
        size=f"{2_000 if full else 120} elections; {alike} tests",
        faults=() if alike else (words,),
        control=f"the browser's counter bent in one place: found in {bent} of {bent} places"
        if bent
        else "the browser's counter bent in one place: not found",
        control_failed=bent > 0,
    )


def _passed(full: bool, *tests: str) -> tuple[int, str]:
    """How many tests passed, 0 where one failed; and their last words."""
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    done = subprocess.run(
        [
            sys.executable, "-m", "civicfund.launch", "with-servers",
            sys.executable, "-m", "pytest", "-q", "--timeout=0", *tests,
        ],
        cwd=ROOT, env=clean | {"SIZE": "full" if full else "small"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"(\d+) passed", done.stdout)
    return int(found[1]) if found and done.returncode == 0 else 0, done.stdout[-400:]


def bundles_give_nobody_away(town: Town, full: bool) -> Result:
    """Two votes with the same ballots in other orders: the same files, and nothing of a person."""
    voters = 400 if full else 32
    order = list(range(voters))
    one = _published(town, order)
    other = _published(town, list(reversed(order)))
    found = [_betrays(cycle) for cycle in (one, other)]
    files = [_ballot_files(cycle) for cycle in (one, other)]
    small = sum(len(each) != 1 for each in files)
    bent = _traces({"pots/1.csv": "times,options,points,cast_at\n1,0,,2026-11-28 14:03\n"}, [])
    return Result(
        tried="bundles of two votes with the same ballots cast in other orders; a pot of few",
        size=f"2 votes of {voters} voters, {LEAST_BALLOTS - 1} of them in a pot of their own",
        faults=faults(
            traces_of_people_or_times=sum(found),
            small_pots_with_published_ballots=small,
            ballot_files_that_tell_the_order=int(files[0] != files[1]),
        ),
        control=f"a file with the time of each ballot: {bent} traces found",
        control_failed=bent > 0,
    )


def _published(town: Town, order: Sequence[int]) -> Cycle:
    """A published vote: all decide on the town's pot, fewer than the least on their district's."""
    by, few, elsewhere = administrator(), NeighborhoodFactory(), NeighborhoodFactory()
    cycle = draft_cycle(by=by)
    pot = add_pot(cycle, few, name="Few", amount_minor=500_000, by=by)
    add_options(pot, (300_000, 200_000), by=by)
    homes = [
        ResidencyFactory(neighborhood=few if n < LEAST_BALLOTS - 1 else elsewhere)
        for n in range(len(order))
    ]
    fill_roll(cycle)
    opened(cycle)
    town_pot = cycle.pots.exclude(pk=pot.pk).get()
    all_named, few_named = codes(town_pot), codes(pot)
    for n in order:
        choices = {town_pot.pk: Choice([all_named[n % 3]])}
        if n < LEAST_BALLOTS - 1:
            choices[pot.pk] = Choice([few_named[n % 2]])
        cast(cycle, homes[n].user, choices)
    end_voting(town, cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    count_cycle(cycle)
    cycle.refresh_from_db()
    return publish(certify(cycle, by=certifier()), by=certifier())


def _files(cycle: Cycle) -> dict[str, str]:
    held = io.BytesIO()
    write_bundle(cycle, held)
    with zipfile.ZipFile(held) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def _ballot_files(cycle: Cycle) -> list[str]:
    """The files with ballots, without their names: those are the pots' numbers."""
    return [text for name, text in _files(cycle).items() if re.fullmatch(r"pots/\d+\.csv", name)]


def _betrays(cycle: Cycle) -> int:
    entries = RollEntry.objects.filter(cycle=cycle).select_related("claimed_by")
    people = [
        word
        for entry in entries
        for word in (entry.person_key, entry.claimed_by.email, f"{entry.claimed_by.display_name}\n")
    ]
    return _traces(_files(cycle), people)


def _traces(files: Mapping[str, str], people: Sequence[str]) -> int:
    """Words of people anywhere; times, ids and unknown columns where ballots stand."""
    everything = "\n".join(files.values())
    found = sum(word in everything for word in people)
    for name, text in files.items():
        if name == "bundle.json":
            text = _without_dated(text)
        elif name.endswith(".pb"):
            text = re.sub(r"^date_(begin|end);.*$", "", text, flags=re.MULTILINE)
            found += "vote_type;" not in text or _columns_of_votes(text) - VOTE_COLUMNS != set()
        elif name != "board.csv":
            found += text.partition("\n")[0].split(",") != list(BALLOT_COLUMNS)
        found += len(_TIME.findall(text)) + len(_STABLE_ID.findall(text))
    return found


def _without_dated(text: str) -> str:
    """The record without the days that are rules: when voting was, on which day age counts."""
    record = json.loads(text)
    record["rules"].pop("phases")
    (record["opening"]["eligibility"] or {}).pop("age_on", None)
    return json.dumps(record)


def _columns_of_votes(text: str) -> set[str]:
    return set(text.partition("VOTES\n")[2].partition("\n")[0].split(";"))
