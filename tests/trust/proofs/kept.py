"""Accepted means counted: casts while web processes, the database and Redis are broken."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import TypeVar

import requests
from django.db import OperationalError, close_old_connections

from budgeting.domain.board import receipt_hash
from budgeting.models import BoardLine, Participation
from tests.trust.browsers import CHANNELS, Browser, Told
from tests.trust.careless import LATER_SECONDS
from tests.trust.electorate import Vote, Voter, counted, open_vote
from tests.trust.result import Result, faults
from tests.trust.town import LONGEST_WAIT_SECONDS, Site, Town, until

# As many people at once as the site has threads.
AT_ONCE = 16
LONGEST_TRIAL_SECONDS = 7_200
MOST_TRIES = 100
T = TypeVar("T")


@dataclass(slots=True)
class Answers:
    """What the voters of a trial were told, and how far it is; shared by their threads."""

    receipts: dict[int, list[str]] = field(default_factory=dict)
    errors: int = 0
    found_recorded: int = 0
    done: int = 0
    failed: int = 0
    killed: int = 0
    lock: Lock = field(default_factory=Lock)


def casts_while_all_breaks(town: Town, full: bool) -> Result:
    """People cast, get error pages, look again and go on; whoever got a receipt is counted."""
    voters, kills, crashes = (5_000, 100, 3) if full else (40, 2, 1)
    others, other_kills = (400, 10) if full else (30, 5)
    town.site.wait()
    vote = open_vote(voters)
    came = _trial(town, town.site, vote, kills, crashes, "")
    lost, uncounted, without, places = _verdict(town, vote, came)
    town.bent_site.wait()
    bent = open_vote(others)
    told = _trial(town, town.bent_site, bent, other_kills, 0, "before the commit")
    time.sleep(2 * LATER_SECONDS)  # what was not killed is written by then, and nothing else is
    missing, _, _, _ = _verdict(town, bent, told)
    return Result(
        tried=f"casts over HTTP with {kills} web processes killed, {crashes} database crashes,"
        " one Redis wiped",
        size=f"{voters} voters: {came.errors} requests failed, after {came.found_recorded} of them"
        " the page said that the ballot was cast",
        faults=faults(
            ballots_with_a_receipt_not_counted=lost,
            receipts_not_on_the_board=sum(
                receipt_hash(receipt) not in places
                for given in came.receipts.values()
                for receipt in given
            ),
            voters_told_that_they_had_cast_not_counted=uncounted,
            ballots_counted_without_participation=without,
        ),
        control=f"answers before the commit, {other_kills} kills: {missing} of {others} ballots"
        " with a receipt are lost",
        control_failed=missing > 0,
    )


def _trial(town: Town, site: Site, vote: Vote, kills: int, crashes: int, careless: str) -> Answers:
    came, random = Answers(), Random(1)  # noqa: S311 -- repeatable
    with ThreadPoolExecutor(AT_ONCE) as pool:
        voting = [
            # Nobody overtakes the kills, however fast the machine is.
            pool.submit(
                _turn, site, vote, voter, careless, came, (kills + 1) * at // len(vote.voters)
            )
            for at, voter in enumerate(vote.voters)
        ]
        try:
            _break_things(town, site, came, len(voting), kills, crashes, random)
        except BaseException:
            came.failed += 1  # or those who wait for a kill would go on waiting
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        for each in voting:
            each.result()
    return came


def _turn(site: Site, vote: Vote, voter: Voter, careless: str, came: Answers, after: int) -> None:
    """Vote once so many processes were killed."""
    until(lambda: came.failed or came.killed >= after, "so many kills", LONGEST_TRIAL_SECONDS)
    try:
        _vote(site, vote, voter, careless, came)
    except Exception:
        with came.lock:
            came.failed += 1
        raise
    with came.lock:
        came.done += 1


def _vote(site: Site, vote: Vote, voter: Voter, careless: str, came: Answers) -> None:
    """As people do: try, and after an error look whether it is cast, and else try again."""
    browser = _patiently(lambda: _enter(site, vote, voter, careless), came)
    for _ in range(MOST_TRIES):
        told = _try(browser, vote, voter)
        if told is not None and told.cast:
            with came.lock:
                came.receipts.setdefault(voter.number, []).append(told.receipt)
            break
        standing = _patiently(lambda: browser.standing(vote.page), came)  # noqa: B023 -- called here
        with came.lock:
            came.errors += 1
            came.found_recorded += standing == "cast"
        if standing == "cast":
            break
        if not standing:
            browser = _patiently(lambda: _enter(site, vote, voter, careless), came)
    else:
        raise RuntimeError(f"voter {voter.number} could not cast in {MOST_TRIES} tries")


def _enter(site: Site, vote: Vote, voter: Voter, careless: str) -> Browser:
    # Every fifth has no account.
    channel = CHANNELS[0] if voter.number % 5 else CHANNELS[1]
    return channel(site.url, vote, voter, careless)


def _try(browser: Browser, vote: Vote, voter: Voter) -> Told | None:
    """One try to cast; None where there was no answer, or an error page in place of the form."""
    try:
        return browser.send(vote.page, browser.form(vote, vote.own_choice(voter)))
    except (requests.RequestException, RuntimeError):
        return None


def _patiently(act: Callable[[], T], came: Answers) -> T:
    """Try again until it works, as somebody does who reloads a page."""
    end = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        try:
            return act()
        except (requests.RequestException, OperationalError, RuntimeError):
            close_old_connections()
            with came.lock:
                came.errors += 1
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _break_things(
    town: Town,
    site: Site,
    came: Answers,
    voters: int,
    kills: int,
    crashes: int,
    random: Random,
) -> None:
    """Kill, crash and wipe as the voting goes on, until all have voted."""
    crashed, wiped = 0, False
    give_up = time.monotonic() + LONGEST_TRIAL_SECONDS
    while came.done + came.failed < voters and time.monotonic() < give_up:
        done = came.done / voters
        # Each in the middle of those who vote after the one before.
        if came.killed < kills and done >= (came.killed + 0.5) / (kills + 1):
            time.sleep(random.random() * 0.2)
            came.killed += site.kill_a_process(random)
        if crashed < crashes and done >= (crashed + 0.5) / crashes:
            town.crash_database()
            crashed += 1
        if not wiped and done >= 0.4:
            town.wipe_redis()
            wiped = True
        time.sleep(0.02)
    close_old_connections()
    if not came.failed and (came.killed, crashed, wiped) != (kills, crashes, True):
        raise RuntimeError(f"only {came.killed} kills and {crashed} crashes came about")


def _verdict(town: Town, vote: Vote, came: Answers) -> tuple[int, int, int, set[str]]:
    """Ballots lost though there was a receipt, lost though the page said that they were cast,
    counted without a participation; and the receipts of the board, by their hashes."""
    lines = BoardLine.objects.filter(cycle=vote.cycle)
    places = set(lines.values_list("receipt_hash", flat=True))
    took_part = Participation.objects.filter(cycle=vote.cycle).count()
    ballots = counted(town, vote)
    held = set(ballots)
    lost = [voter for voter in vote.voters if tuple(vote.own_choice(voter)) not in held]
    with_receipt = sum(voter.number in came.receipts for voter in lost)
    return with_receipt, len(lost) - with_receipt, abs(len(ballots) - took_part), places
