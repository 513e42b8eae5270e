"""Casting across the closing instant, by web servers whose clocks are wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from random import Random
from time import sleep, time

from django.db import connections

from budgeting.enums import CycleState
from budgeting.models import Participation
from budgeting.tasks import close_due_cycles
from tests.trust.browsers import CHANNELS, Browser, Channel, Form, Told
from tests.trust.electorate import Vote, Voter, counted, end_voting, open_vote
from tests.trust.result import Result, faults
from tests.trust.town import QUEUE, Town, until

MOST_TRIES = 6


@dataclass(frozen=True, slots=True)
class Run:
    """One close: how many were told that they had cast, and what was wrong."""

    cast: int
    closed: int
    misfiled: int
    untrue: int
    unanswered: int


def casts_across_the_closing(town: Town, full: bool) -> Result:
    """Clients cast before, at and after the instant; the sweep closes; each was told the truth."""
    runs, clients, controls = (20, 200, 3) if full else (1, 16, 1)
    town.bent_site.wait()
    came = [_on_both_sides(town, clients, seed) for seed in range(runs)]
    bent = [_run(town, clients, seed, _ahead(clients), "by own clock") for seed in range(controls)]
    wrong = sum(each.misfiled + each.untrue + each.unanswered for each in bent)
    return Result(
        tried="casts across the closing instant, web processes' clocks ±10 minutes, real sweep",
        size=f"{runs} runs of {clients} clients: {sum(each.cast for each in came)} told cast,"
        f" {sum(each.closed for each in came)} told closed",
        faults=faults(
            ballots_misfiled=sum(each.misfiled for each in came),
            clients_told_an_untruth=sum(each.untrue for each in came),
            clients_not_answered=sum(each.unanswered for each in came),
        ),
        control=f"a service that reads its own clock: {wrong} of {controls * clients} misfiled"
        " or told an untruth",
        control_failed=wrong > 0,
    )


def _ahead(clients: int) -> float:
    """How long before the instant the first client casts, and after it the last, in seconds."""
    return max(2.0, clients / 25)


def _on_both_sides(town: Town, clients: int, seed: int) -> Run:
    """A run in which some were in time and some too late; a slow machine is given more time."""
    ahead = _ahead(clients)
    for _ in range(MOST_TRIES):
        run = _run(town, clients, seed, ahead)
        if run.misfiled or run.untrue or run.unanswered or (run.cast and run.closed):
            return run
        ahead *= 2
    raise RuntimeError(f"nobody came before, or nobody after, within {ahead:.0f} s")


def _run(town: Town, clients: int, seed: int, ahead: float, careless: str = "") -> Run:
    vote, site = open_vote(clients), town.bent_site.url
    random = Random(seed)  # noqa: S311 -- repeatable
    with ThreadPoolExecutor(clients) as pool:
        ready = list(pool.map(lambda n: _ready(site, vote, n, careless), range(clients)))
        end_voting(town, vote.cycle, in_seconds=ahead)
        end = _end(vote)
        sent = [
            pool.submit(_cast, vote, *each, end + random.uniform(-ahead, ahead)) for each in ready
        ]
        _sweep_until_closed(vote)
        told = [each.result() for each in sent]
        after = list(pool.map(lambda n: _standing(site, vote, n), range(clients)))
    return _verdict(town, vote, told, after)


def _end(vote: Vote) -> float:
    ends_at: datetime = vote.cycle.phases.get(kind="balloting").ends_at
    return ends_at.timestamp()


def _ready(site: str, vote: Vote, number: int, careless: str) -> tuple[Browser, Form]:
    """A voter who has filled in the page."""
    voter = vote.voters[number]
    browser = _come_in(CHANNELS[number % len(CHANNELS)], site, vote, voter, careless)
    return browser, browser.form(vote, vote.own_choice(voter))


def _come_in(channel: Channel, site: str, vote: Vote, voter: Voter, careless: str = "") -> Browser:
    """A browser, made by a thread that keeps no connection of its own: there are hundreds."""
    try:
        return channel(site, vote, voter, careless)
    finally:
        connections.close_all()


def _cast(vote: Vote, browser: Browser, form: Form, at: float) -> Told:
    sleep(max(0.0, at - time()))
    return browser.send(vote.page, form)


def _sweep_until_closed(vote: Vote) -> None:
    """The worker's sweep, asked for again and again, as its schedule does."""

    def closed() -> bool:
        close_due_cycles.apply_async(queue=QUEUE)
        vote.cycle.refresh_from_db()
        return vote.cycle.state == CycleState.CLOSED

    until(closed, "the sweep closes the vote")


def _standing(site: str, vote: Vote, number: int) -> str:
    browser = _come_in(CHANNELS[0], site, vote, vote.voters[number])
    return browser.standing(vote.page)


def _verdict(town: Town, vote: Vote, told: list[Told], after: list[str]) -> Run:
    end = _end(vote)
    took_part = set(
        Participation.objects.filter(cycle=vote.cycle).values_list("roll_entry_id", flat=True)
    )
    ballots = counted(town, vote)
    yes = [each for each, said in zip(vote.voters, told, strict=True) if said.cast]
    expected = sorted(tuple(vote.own_choice(voter)) for voter in yes)
    misfiled = len(took_part ^ {voter.entry.pk for voter in yes})
    misfiled += len(set(ballots) ^ set(expected)) + abs(len(ballots) - len(expected))
    untrue = sum(_is_untrue(said, end) for said in told)
    after_all = ["cast" if said.cast else "not cast" for said in told]
    untrue += sum(page != expected for page, expected in zip(after, after_all, strict=True))
    unanswered = sum(not said.cast and not said.closed for said in told)
    return Run(len(yes), sum(said.closed for said in told), misfiled, untrue, unanswered)


def _is_untrue(said: Told, end: float) -> bool:
    """Told that it is cast though sent after the end, or that it is closed though it was not."""
    return (said.cast and said.sent_at >= end) or (said.closed and said.answered_at < end)
