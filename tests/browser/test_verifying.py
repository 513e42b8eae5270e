"""The second verifier, which shares no code with the program that counts: it runs in a browser."""

from __future__ import annotations

import re
from base64 import b64encode
from random import Random

import pytest
from django.core.cache import cache
from django.db import connections
from playwright.sync_api import expect

from budgeting.domain.ballots import BallotKind, Ballots
from budgeting.domain.election import Election, Option
from budgeting.domain.rules import count, fitting_rules
from budgeting.domain.ties import seeded
from civicfund.turns import Work
from tests.browser.test_budget import both
from tests.budgeting.forging import FORGED, FORGED_ROWS, FORGED_WINNERS, Forgery, forged, made_anew
from tests.budgeting.test_bundle import (
    VOTES,
    altered,
    before_the_board_held_options,
    broken,
    bundle_of,
    edited,
    published,
)
from tests.budgeting.test_bundle_paper import alterations, published_with_paper
from tests.sizes import size

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SEED = bytes(range(32))
RANK_MOST = 4


def drawn(random: Random, kind: BallotKind) -> Election:
    """A small election with many ties: few different costs, groups, and a free option at times."""
    options = tuple(
        Option(
            f"p{place}",
            random.choice([0, 10, 20, 20, 30, 50]),
            f"P{place}",
            random.choice([None, None, None, "site"]),
        )
        for place in range(random.randint(2, 7))
    )
    rows = []
    for _ in range(random.randint(1, 9)):
        chosen = random.sample(range(len(options)), random.randint(0, min(RANK_MOST, len(options))))
        if kind == BallotKind.CHOOSE_ONE:
            chosen = chosen[:1]
        if kind != BallotKind.RANKING:
            chosen.sort()
        points = [random.randint(1, 5) for _ in chosen] if kind.has_points else None
        rows.append((chosen, points, random.randint(1, 3)))
    ballots = Ballots.from_rows(kind, rows, len(options))
    return Election(options, random.choice([30, 60, 90]), ballots, increment_minor=7)


def cases(number):
    """What the page's counter is asked, and what ours answers."""
    random = Random(5)  # noqa: S311 -- the same elections each time
    for n in range(number):
        kind = list(BallotKind)[n % len(BallotKind)]
        election = drawn(random, kind)
        ties = seeded(SEED, election.options)
        for rule in fitting_rules(kind):
            outcome = count(rule, election, ties)
            order = ties.order(option.id for option in election.options)
            yield {
                "rule": rule,
                "parameters": dict(outcome.parameters),
                "kind": kind.value,
                "budget": election.budget_minor,
                "increment": election.increment_minor,
                "options": [[each.id, each.cost_minor, each.group] for each in election.options],
                "ballots": [list(row) for row in election.ballots.rows()],
                "ties": [order.index(each.id) for each in election.options],
                "selected": list(outcome.selected),
            }


def counted_otherwise(page, live_server, asked):
    """Those of the cases that the page's counter answers otherwise."""
    page.goto(f"{live_server.url}/budget/verify/")
    return page.evaluate(
        """async (cases) => {
            const { count } = await import("/static/js/verify/count.js");
            return cases.filter((each) => {
                const election = {
                    kind: each.kind, budget: BigInt(each.budget), increment: each.increment,
                    options: each.options.map(
                        ([id, cost, group]) => ({ id, cost: BigInt(cost), group })),
                    ballots: each.ballots.map(
                        ([options, points, times]) => ({ options, points, times })),
                };
                const ties = new Map(each.ties.map((order, place) => [place, order]));
                const won = count(each.rule, each.parameters, election, ties);
                each.found = won.map((option) => election.options[option].id);
                return [...each.found].sort().join() !== [...each.selected].sort().join();
            });
        }""",
        asked,
    )


def test_both_programs_count_alike_by_every_rule(page, live_server):
    """Our own order of winners is compared, too; elections are made to have ties."""
    asked = list(cases(size(small=120, full=2_000)))
    assert counted_otherwise(page, live_server, asked) == []
    assert len({each["rule"] for each in asked}) > 20


# One place each in which the page's counter goes wrong, as somebody might write it.
BENT = {
    "ties the other way": ("ties.get(a) - ties.get(b)", "ties.get(b) - ties.get(a)"),
    "the dearest share first": ("!best || order < 0n", "!best || order > 0n"),
    "groups that do not exclude": (".group", ".site"),
}


@pytest.mark.parametrize("bend", BENT)
def test_control_a_bent_counter_does_not_count_alike(page, live_server, bend):
    right, wrong = BENT[bend]

    def bent(route):
        program = route.fetch().text()
        assert right in program
        route.fulfill(body=program.replace(right, wrong), content_type="text/javascript")

    page.route("**/js/verify/count.js", bent)
    assert counted_otherwise(page, live_server, list(cases(120)))


def test_a_published_vote_is_verified_in_the_browser(page, phone, check_axe, screenshot, tmp_path):
    cycle, receipts = published()
    file = tmp_path / "bundle.zip"
    file.write_bytes(bundle_of(cycle))
    for tab, width in both(page, phone):
        tab.goto("/budget/verify/")
        check_axe(tab)
        tab.get_by_label("File of a vote").set_input_files(file)
        tab.get_by_label("Your receipts").fill(receipts[0].lower())
        tab.get_by_role("button", name="Verify it").click()
        expect(tab.get_by_text("things that were looked at hold.")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"verify-{width}")
    file.write_bytes(
        altered(bundle_of(cycle), "bundle.json", edited(("pots", 0, "outcome", "selected"), []))
    )
    page.get_by_label("File of a vote").set_input_files(file)
    page.get_by_role("button", name="Verify it").click()
    expect(
        page.get_by_text(re.compile(r"^2 of \d+ things that were looked at are"))
    ).to_be_visible()
    file.write_bytes(b"nothing of the kind")
    page.get_by_label("File of a vote").set_input_files(file)
    page.get_by_role("button", name="Verify it").click()
    expect(page.get_by_text("This file cannot be verified.")).to_be_visible()


def test_both_verifiers_find_the_same_in_a_vote_with_paper(page, live_server):
    """By the names of what does not hold: in the bundle as it is, and in each altered one."""
    content = bundle_of(published_with_paper())
    bundles = [content, *(changed for changed, _found in alterations(content))]
    page.goto(f"{live_server.url}/budget/verify/")
    for each in bundles:
        assert broken_in(page, each) == broken(each)
    assert broken(content) == []


def broken_in(page, content, **noted):
    """The names of what the browser's verifier finds broken."""
    found = page.evaluate(
        """async ([held, noted]) => {
            const { unzip, verify } = await import("/static/js/verify/bundle.js");
            const bytes = Uint8Array.from(atob(held), (letter) => letter.charCodeAt(0));
            return verify(await unzip(bytes.buffer), [], noted);
        }""",
        [b64encode(content).decode(), noted],
    )
    return [each["name"] for each in found if not each["holds"] and not each.get("unlooked")]


def test_the_browsers_verifier_finds_what_a_forger_recomputes(page, live_server):
    content = bundle_of(published(max_options=2)[0])
    page.goto(f"{live_server.url}/budget/verify/")
    assert broken_in(page, content) == []
    for change, found in FORGED:
        assert any(found in name for name in broken_in(page, forged(content, change))), found


def test_a_tie_that_changes_no_winner_is_no_difference(page, live_server):
    """Six tied projects that all fit: our order among them and the page's are seldom the same."""
    content = bundle_of(published([range(6)] * 30, costs_minor=[10_000] * 6)[0])
    page.goto(f"{live_server.url}/budget/verify/")
    assert broken_in(page, content) == []


def test_the_browsers_verifier_compares_what_somebody_noted(page, live_server, tmp_path):
    content = bundle_of(published(max_options=2)[0])
    board = Forgery(content).record["board"]
    noted = {"root": board["root"].upper(), "head": board["head"]}
    other = forged(content, made_anew)
    page.goto(f"{live_server.url}/budget/verify/")
    assert broken_in(page, other) == []
    assert broken_in(page, content, **noted) == []
    assert broken_in(page, other, **noted) == broken(other, **noted)
    file = tmp_path / "bundle.zip"
    file.write_bytes(other)
    page.get_by_label("File of a vote").set_input_files(file)
    page.get_by_label("The root that you noted").fill(board["root"])
    page.get_by_role("button", name="Verify it").click()
    row = page.get_by_role("row", name="the root is the one that you noted")
    expect(row.get_by_role("cell", name="broken", exact=True)).to_be_visible()


def test_both_verifiers_say_what_an_earlier_board_did_not_hold(page, live_server):
    content = forged(bundle_of(published()[0]), before_the_board_held_options)
    page.goto(f"{live_server.url}/budget/verify/")
    assert broken_in(page, content) == []


def test_the_browsers_verifier_finds_ballots_beyond_the_limits(page, live_server):
    page.goto(f"{live_server.url}/budget/verify/")
    for kind, change in FORGED_ROWS:
        content = bundle_of(published(**kind)[0])
        assert broken_in(page, content) == []
        [name] = broken_in(page, forged(content, change))
        assert name == "Whole town: every ballot keeps to the limits"


def test_what_the_file_cannot_tell_is_said_to_be_not_looked_at(page, live_server, tmp_path):
    file, content = tmp_path / "bundle.zip", bundle_of(published(VOTES)[0])
    file.write_bytes(content)
    page.goto(f"{live_server.url}/budget/verify/")
    for change in FORGED_WINNERS:
        other = forged(content, change)
        assert broken_in(page, other) == broken(other)
    page.get_by_label("File of a vote").set_input_files(file)
    page.get_by_role("button", name="Verify it").click()
    words = "Not looked at, since the file alone cannot tell: 1."
    expect(page.get_by_text(words)).to_be_visible()
    row = page.get_by_role("row", name="Whole town: who won")
    expect(row.get_by_role("cell", name="not looked at", exact=True)).to_be_visible()


def test_who_comes_while_the_file_is_made_or_too_often_is_told_so(
    page, phone, live_server, check_axe, screenshot, settings, complaints_of_failed_pages
):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"bundle": "1/h/ip"}
    cache.clear()  # other tests may have taken bundles within the hour
    cycle, _ = published(VOTES)
    address = f"{live_server.url}/budget/{cycle.slug}/bundle.zip"
    with connections["owner"].cursor() as elsewhere:
        elsewhere.execute("SELECT pg_advisory_lock(%s, %s)", [Work.BUNDLE, cycle.pk])
        for tab, width in both(page, phone):
            tab.goto(address)
            expect(tab.get_by_text("The file is being put together.")).to_be_visible()
            check_axe(tab)
            screenshot(tab, f"bundle-is-made-{width}")
        elsewhere.execute("SELECT pg_advisory_unlock(%s, %s)", [Work.BUNDLE, cycle.pk])
    with page.expect_download() as download:
        page.get_by_role("link", name="Ask again").click()
    assert download.value.path().read_bytes() == bundle_of(cycle)
    assert phone.goto(address).status == 429
    expect(phone.get_by_text("Too many tries in a short time.")).to_be_visible()
