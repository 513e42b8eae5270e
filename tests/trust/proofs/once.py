"""One eligible person, one counted ballot: parallel casts of one voter, and copied ballots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier

from django.db import connections
from django.db.models import Exists, OuterRef

from budgeting.domain.board import receipt_hash
from budgeting.models import (
    Board,
    BoardLine,
    Casting,
    CheckIn,
    Cycle,
    Participation,
    SealedBallot,
)
from budgeting.services.paper import add_place, offer_paper
from tests.factories.budgeting import administrator
from tests.factories.paper import print_more
from tests.trust.browsers import (
    CHANNELS,
    Browser,
    Channel,
    Form,
    Told,
    by_account,
    by_kiosk,
    by_officer,
    by_program,
)
from tests.trust.electorate import Vote, Voter, counted, forget, open_vote
from tests.trust.result import Result, faults
from tests.trust.town import Town

OPTIONS = 6
# At a kiosk one unlock is one cast; whoever clicks again is told that the ballot is over.
ALL_CHANNELS = [*CHANNELS, by_program, by_kiosk]
# What every sheet says: no cast over HTTP says the same.
ON_PAPER = (4, 5)
MOST_COMPARED = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one click."""

    told: Told
    choice: tuple[int, ...]
    way: Channel


@dataclass(frozen=True, slots=True)
class Burst:
    """What one voter was told: of all that was let go at once, and of one more try on each channel
    once an officer had checked them in."""

    answers: Sequence[Answer]
    later: Sequence[Told] = ()

    @property
    def casts(self) -> list[Answer]:
        """All but the officer's."""
        return [each for each in self.answers if each.way is not by_officer]

    @property
    def at_kiosk(self) -> int:
        """How many clicks at the kiosk were told that they were cast."""
        return sum(each.told.cast for each in self.answers if each.way is by_kiosk)

    @property
    def check_ins(self) -> list[Told]:
        """What an officer was told who checked the voter in."""
        return [each.told for each in self.answers if each.way is by_officer and each.told.done]

    @property
    def neither_cast_nor_on_paper(self) -> int:
        """Requests that were told neither; a kiosk's ballot may be over as well."""
        return sum(
            not (each.told.cast or (each.told.closed and bool(self.check_ins)))
            for each in self.casts
            if each.way is not by_kiosk
        )

    @property
    def cast_after_check_in(self) -> int:
        """Casts that were begun after the officer had been told, and taken."""
        ended = max((told.answered_at for told in self.check_ins), default=float("inf"))
        late = sum(each.told.cast and each.told.sent_at > ended for each in self.casts)
        return late + sum(not told.closed for told in self.later)


def parallel_casts(town: Town, full: bool) -> Result:
    """Each voter casts many times at once, on every channel, the same and different choices.

    Every other one is checked in for paper amid it, by an officer who clicks twice.
    """
    voters, clicks = (200, 40) if full else (3, 12)
    vote, numbers = _with_paper(voters)
    town.site.wait()
    with ThreadPoolExecutor(clicks) as pool:
        bursts = [
            _burst(town.site.url, vote, voter, clicks, pool, ALL_CHANNELS, paper=_on_paper(voter))
            for voter in vote.voters
        ]
    on_paper = [burst for burst, voter in zip(bursts, vote.voters, strict=True) if _on_paper(voter)]
    others = [
        burst for burst, voter in zip(bursts, vote.voters, strict=True) if not _on_paper(voter)
    ]
    told = [each.told for burst in bursts for each in burst.casts if each.told.cast]
    places = _places(vote.cycle)
    expected = sorted([_last(burst, places) for burst in others] + [ON_PAPER] * len(on_paper))
    found = counted(town, vote, dict.fromkeys(numbers[: len(on_paper)], ON_PAPER))
    replaced = sum(any(each.told.cast for each in burst.casts) for burst in on_paper)
    broken = faults(
        **_by_what_was_told(bursts, on_paper, others, told, places),
        **_by_the_rows(vote.cycle, voters, len(told), len(on_paper), replaced),
        ballots_counted_more_or_less_than_voters=abs(len(found) - voters),
        ballots_counted_that_are_not_the_last=_different(found, expected),
    )
    runs, several, late = _control(town, full)
    return Result(
        tried="parallel casts over HTTP by account, by code, by API and at a kiosk, mixed, with a"
        " check-in for paper over HTTP amid those of every other voter",
        size=f"{voters} voters of {clicks} requests each: {len(found)} counted,"
        f" {len(told)} told that they were cast; {len(on_paper)} checked in, which replaced the"
        f" casts of {replaced}",
        faults=broken,
        control=f"no unique key, no lock: in {several} of {runs} runs one voter is several; in"
        f" {late} of {runs} with a check-in one casts after it",
        control_failed=several >= 0.95 * runs and late >= 0.95 * runs,
    )


def _on_paper(voter: Voter) -> bool:
    return voter.number % 2 == 0


def _with_paper(voters: int) -> tuple[Vote, list[str]]:
    """A vote with a polling place, and the numbers of its sheets: one for each who comes there."""
    vote = open_vote(voters, options=OPTIONS)
    by, sheets = administrator(), voters // 2
    offer_paper(vote.cycle, sample_size=min(MOST_COMPARED, sheets), by=by)
    place = add_place(vote.cycle, name="Town hall", address="Market Square 1", by=by)
    return vote, print_more(vote.cycle, place, sheets)[1]


def _by_what_was_told(
    bursts: Sequence[Burst],
    on_paper: Sequence[Burst],
    others: Sequence[Burst],
    told: Sequence[Told],
    places: Mapping[str, int],
) -> dict[str, int]:
    """What voters and officers were told, and should not have been."""
    every = [each.told for burst in bursts for each in burst.answers]
    every += [each for burst in bursts for each in burst.later]
    return {
        "answers_of_the_server_that_it_failed": sum(each.status >= 500 for each in every),
        "requests_told_neither_that_they_were_cast_nor_of_paper": sum(
            burst.neither_cast_nor_on_paper for burst in bursts
        ),
        "unlocked_ballots_that_are_not_one_cast": sum(burst.at_kiosk != 1 for burst in others)
        + sum(burst.at_kiosk > 1 for burst in on_paper),
        "voters_not_checked_in_once": sum(len(burst.check_ins) != 1 for burst in on_paper),
        "casts_begun_after_the_check_in": sum(burst.cast_after_check_in for burst in on_paper),
        "receipts_given_twice": len(told) - len({each.receipt for each in told}),
        "receipts_not_on_the_board": sum(receipt_hash(each.receipt) not in places for each in told),
    }


def _by_the_rows(
    cycle: Cycle, voters: int, told: int, on_paper: int, replaced: int
) -> dict[str, int]:
    """What the database holds, beside what people were told."""
    casts = Casting.objects.filter(participation__cycle=cycle).count()
    took_part = Participation.objects.filter(cycle=cycle).count()
    checked_in = CheckIn.objects.filter(participation__cycle=cycle).count()
    board = Board.objects.get(cycle=cycle)
    return {
        "casts_more_or_less_than_were_told": abs(casts - told),
        "casts_written_after_a_check_in": _late(cycle),
        "participations_more_or_less_than_voters": abs(took_part - voters),
        "check_ins_more_or_less_than_voters_on_paper": abs(checked_in - on_paper),
        "ballots_replaced_by_paper_more_or_less": abs((board.replaced_by_paper or 0) - replaced),
    }


def _late(cycle: Cycle) -> int:
    """How many casts bear a later time than a check-in of whoever cast them."""
    earlier = CheckIn.objects.filter(
        participation__roll_entry=OuterRef("participation__roll_entry"), at__lt=OuterRef("cast_at")
    )
    return Casting.objects.filter(Exists(earlier), participation__cycle=cycle).count()


def _burst(
    site: str,
    vote: Vote,
    voter: Voter,
    clicks: int,
    pool: ThreadPoolExecutor,
    channels: Sequence[Channel] = CHANNELS,
    careless: str = "",
    *,
    paper: bool = False,
    desk_at: str = "",
) -> Burst:
    """The same voter from many windows, all let go in one moment, an officer's among them.

    ``desk_at`` is the site of the officers, where it is another one.
    """
    ways = {enter: enter(site, vote, voter, careless) for enter in channels}
    if paper:
        ways[by_officer] = by_officer(desk_at or site, vote, voter)
    forms: dict[Channel, Form] = {way: browser.form(vote, [0]) for way, browser in ways.items()}
    officers = (clicks // 3, 2 * clicks // 3) if paper else ()
    gate = Barrier(clicks)

    def click(number: int) -> Answer:
        way = by_officer if number in officers else channels[number % len(channels)]
        # Every other click repeats the same choice, the others choose something else.
        choice = (0,) if number // len(channels) % 2 == 0 else (number % OPTIONS,)
        window = _window(ways[way], voter, careless)
        form = {**forms[way]}
        if way is not by_officer:
            form[vote.field] = [vote.named[place] for place in choice]
        gate.wait(timeout=60)
        return Answer(window.send(ways[way].page(vote), form), choice, way)

    answers = list(pool.map(click, range(clicks)))
    again = [way for way in channels if paper and way is not by_kiosk]
    later = [
        _window(ways[way], voter, careless).send(ways[way].page(vote), forms[way]) for way in again
    ]
    return Burst(answers, later)


def _window(browser: Browser, voter: Voter, careless: str) -> Browser:
    """One more window of the same browser, with a connection of its own."""
    window = type(browser)(browser.site, voter, account=False, careless=careless)
    window.http.cookies.update(browser.http.cookies)
    return window


def _places(cycle: Cycle) -> dict[str, int]:
    """Where each receipt stands on the board, by its hash."""
    lines = BoardLine.objects.filter(cycle=cycle)
    return dict(lines.values_list("receipt_hash", "position"))


def _last(burst: Burst, places: Mapping[str, int]) -> tuple[int, ...]:
    """What the voter chose in the cast that the board has last."""
    last = max(burst.casts, key=lambda each: places.get(receipt_hash(each.told.receipt), -1))
    return last.choice


def _different(found: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]]) -> int:
    return (Counter(expected) - Counter(found)).total()


def _control(town: Town, full: bool) -> tuple[int, int, int]:
    """Runs of the same burst against a service without lock or key, and those that broke it:
    where one voter was several, and in as many with a check-in, where somebody cast after it."""
    runs, clicks = (20, 40) if full else (2, 12)
    vote, _numbers = _with_paper(2 * runs)
    town.bent_site.wait()
    several = late = 0
    with _without_the_unique_key(town, vote.cycle), ThreadPoolExecutor(clicks) as pool:
        for voter in vote.voters:
            slots, casts = _slots(vote.cycle), _late(vote.cycle)
            _burst(
                town.bent_site.url, vote, voter, clicks, pool, careless="without a lock",
                paper=_on_paper(voter), desk_at=town.site.url,
            )  # fmt: skip
            if _on_paper(voter):
                late += _late(vote.cycle) > casts
            else:
                several += _slots(vote.cycle) > slots + 1
    return runs, several, late


def _slots(cycle: Cycle) -> int:
    return SealedBallot.objects.filter(cycle=cycle).values("slot").distinct().count()


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
