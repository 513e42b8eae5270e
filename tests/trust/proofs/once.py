"""One eligible person, one counted ballot: parallel casts of one voter, and copied ballots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier

from django.db import connections

from budgeting.domain.board import receipt_hash
from budgeting.models import BoardLine, Casting, Cycle, Participation, SealedBallot
from tests.trust.browsers import CHANNELS, Browser, Channel, Form, Told, by_account, by_kiosk
from tests.trust.electorate import Vote, Voter, counted, forget, open_vote
from tests.trust.result import Result, faults
from tests.trust.town import Town

OPTIONS = 6
# At a kiosk one unlock is one cast; whoever clicks again is told that the ballot is over.
ALL_CHANNELS = [*CHANNELS, by_kiosk]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one click."""

    told: Told
    choice: tuple[int, ...]
    at_kiosk: bool


def parallel_casts(town: Town, full: bool) -> Result:
    """Each voter casts many times at once, on every channel, the same and different choices."""
    voters, clicks = (200, 40) if full else (3, 12)
    vote = open_vote(voters, options=OPTIONS)
    town.site.wait()
    with ThreadPoolExecutor(clicks) as pool:
        answers = [
            _burst(town.site.url, vote, voter, clicks, pool, ALL_CHANNELS) for voter in vote.voters
        ]
    every = [each for burst in answers for each in burst]
    told = [each.told for each in every if each.told.cast]
    places = _places(vote.cycle)
    casts = Casting.objects.filter(participation__cycle=vote.cycle).count()
    took_part = Participation.objects.filter(cycle=vote.cycle).count()
    expected = sorted(_last(burst, places) for burst in answers)
    found = counted(town, vote)
    broken = faults(
        answers_of_the_server_that_it_failed=sum(each.told.status >= 500 for each in every),
        requests_not_told_that_they_were_cast=sum(
            not each.told.cast and not each.at_kiosk for each in every
        ),
        unlocked_ballots_that_are_not_one_cast=sum(_at_kiosk(burst) != 1 for burst in answers),
        receipts_given_twice=len(told) - len({each.receipt for each in told}),
        receipts_not_on_the_board=sum(receipt_hash(each.receipt) not in places for each in told),
        casts_more_or_less_than_were_told=abs(casts - len(told)),
        participations_more_or_less_than_voters=abs(took_part - voters),
        ballots_counted_more_or_less_than_voters=abs(len(found) - voters),
        ballots_counted_that_are_not_the_last=_different(found, expected),
    )
    runs, several = _control(town, full)
    return Result(
        tried="parallel casts over HTTP by account, by code and at a kiosk, mixed",
        size=f"{voters} voters of {clicks} requests each: {len(found)} counted,"
        f" {len(told)} told that they were cast",
        faults=broken,
        control=f"no unique key, no lock: in {several} of {runs} runs one voter is several",
        control_failed=several >= 0.95 * runs,
    )


def _at_kiosk(burst: Sequence[Answer]) -> int:
    """How many clicks at the kiosk were told that they were cast."""
    return sum(each.told.cast for each in burst if each.at_kiosk)


def _burst(
    site: str,
    vote: Vote,
    voter: Voter,
    clicks: int,
    pool: ThreadPoolExecutor,
    channels: Sequence[Channel] = CHANNELS,
    careless: str = "",
) -> list[Answer]:
    """The same voter from many windows, all let go in one moment."""
    browsers = [enter(site, vote, voter, careless) for enter in channels]
    forms: list[Mapping[str, object]] = [browser.form(vote, [0]) for browser in browsers]
    gate = Barrier(clicks)

    def click(number: int) -> Answer:
        at = number % len(browsers)
        # Every other click repeats the same choice, the others choose something else.
        choice = (0,) if number % 4 < 2 else (number % OPTIONS,)
        window = _window(browsers[at], voter, careless)
        form = {**forms[at], vote.field: [vote.named[place] for place in choice]}
        gate.wait(timeout=60)
        told = window.send(browsers[at].page(vote), form)
        return Answer(told, choice, at_kiosk=channels[at] is by_kiosk)

    return list(pool.map(click, range(clicks)))


def _window(browser: Browser, voter: Voter, careless: str) -> Browser:
    """One more window of the same browser, with a connection of its own."""
    window = Browser(browser.site, voter, account=False, careless=careless)
    window.http.cookies.update(browser.http.cookies)
    return window


def _places(cycle: Cycle) -> dict[str, int]:
    """Where each receipt stands on the board, by its hash."""
    lines = BoardLine.objects.filter(cycle=cycle)
    return dict(lines.values_list("receipt_hash", "position"))


def _last(burst: Sequence[Answer], places: Mapping[str, int]) -> tuple[int, ...]:
    """What the voter chose in the cast that the board has last."""
    last = max(burst, key=lambda each: places.get(receipt_hash(each.told.receipt), -1))
    return last.choice


def _different(found: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]]) -> int:
    return (Counter(expected) - Counter(found)).total()


def _control(town: Town, full: bool) -> tuple[int, int]:
    """Runs of the same burst against a service without lock or key, and those that broke it."""
    runs, clicks = (20, 40) if full else (2, 12)
    vote = open_vote(runs, options=OPTIONS)
    town.bent_site.wait()
    several = 0
    with _without_the_unique_key(town, vote.cycle), ThreadPoolExecutor(clicks) as pool:
        for done, voter in enumerate(vote.voters, start=1):
            _burst(town.bent_site.url, vote, voter, clicks, pool, careless="without a lock")
            slots = SealedBallot.objects.filter(cycle=vote.cycle).values("slot").distinct()
            several += slots.count() > done + several
    return runs, several


@contextmanager
def _without_the_unique_key(town: Town, cycle: Cycle) -> Iterator[None]:
    """Also without the guard of paper ballots, which takes the voter's line of the roll."""
    table, name = "budgeting_participation", "participation_once"
    with connections["owner"].cursor() as owner:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        owner.execute("ALTER TABLE budgeting_casting DISABLE TRIGGER paper_is_final")
        try:
            yield
        finally:
            with town.superuser() as database:
                forget(database, cycle)
            owner.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (cycle_id, roll_entry_id)"
            )
            owner.execute("ALTER TABLE budgeting_casting ENABLE TRIGGER paper_is_final")


def copied_ballots(town: Town, full: bool) -> Result:
    """One body, again and again: from one voter, and from as many voters as there are copies."""
    copies = 100 if full else 8
    town.site.wait()
    vote = open_vote(copies + 1, options=OPTIONS, letters=False)
    told = _copies(town.site.url, vote, copies)
    places = _places(vote.cycle)
    took_part = Participation.objects.filter(cycle=vote.cycle).count()
    found = counted(town, vote)
    town.bent_site.wait()
    bent = _copies(
        town.bent_site.url, open_vote(copies + 1, options=OPTIONS, letters=False), copies,
        "receipts of content",
    )  # fmt: skip
    refused = sum(not each.cast for each in bent)
    return Result(
        tried="the same body again and again, from one voter and from many",
        size=f"2 times {copies} requests: {len(found)} counted",
        faults=faults(
            requests_not_answered_with_a_receipt=sum(not each.cast for each in told),
            receipts_given_twice=len(told) - len({each.receipt for each in told}),
            receipts_not_on_the_board=sum(
                receipt_hash(each.receipt) not in places for each in told
            ),
            participations_more_or_less_than_voters=abs(took_part - (copies + 1)),
            ballots_counted_more_or_less_than_voters=abs(len(found) - (copies + 1)),
        ),
        control=f"receipts made from the choices: {refused} of {len(bent)} casts fail",
        control_failed=refused > 0,
    )


def _copies(site: str, vote: Vote, copies: int, careless: str = "") -> list[Told]:
    """The first voter's own body, sent by them and by everybody else, sixteen at a time."""
    first, *others = vote.voters
    browser = by_account(site, vote, first, careless)
    form: Form = browser.form(vote, [0, 1])
    token = browser.http.cookies["csrftoken"]

    def replay(voter: Voter) -> Told:
        window = by_account(site, vote, voter, careless)
        window.http.cookies.set("csrftoken", token)
        return window.send(vote.page, form)

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(replay, [first] * copies + list(others)))
