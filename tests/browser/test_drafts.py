"""What is filled in and not cast: kept in the voter's browser alone, and forgotten in time."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import expect

from budgeting.enums import BallotKind
from budgeting.services.cycles import add_pot
from tests.browser.conftest import PATIENCE
from tests.browser.test_ballot_kinds import KINDS
from tests.browser.test_budget import IDEAS, a_cycle
from tests.browser.test_kiosks import made_a_kiosk
from tests.browser.test_roll import prepared
from tests.budgeting.test_kiosks import a_vote
from tests.budgeting.test_roll import imported, letters_to, person_row
from tests.factories.budgeting import (
    add_options,
    administrator,
    cast_positions,
    draft_cycle,
    end_voting,
    opened,
    voters,
)
from tests.factories.places import NeighborhoodFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

TREES, BENCH, LIGHTS, CAFE = IDEAS
KEPT = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)].length"
IN_TAB = "Object.keys(sessionStorage).length"
TOLD = re.compile(r"^Not cast\. What you filled in on \d+ \w+, \d\d:\d\d is kept on this device")
FILLED = """
[...document.querySelectorAll("[data-pot] :is(input, select)[name]")]
  .filter(each => /checkbox|radio/.test(each.type) ? each.checked : each.value)
  .map(each => each.value)
"""


def line(tab):
    return tab.locator("[data-draft-line] p")


def nothing_is_kept(tab):
    """Scripts run a little after a page can be seen. It is asked from outside: a page that asks
    itself until it is so would have to evaluate words, which its policy refuses.
    """
    end = time.monotonic() + PATIENCE / 1_000
    while tab.evaluate(KEPT) and time.monotonic() < end:
        tab.wait_for_timeout(50)
    assert tab.evaluate(KEPT) == 0


def fill_in(tab, kind):
    """Two projects, as this kind of ballot names them."""
    if kind == BallotKind.RANKING:
        for title in (LIGHTS, TREES):
            tab.get_by_role("button", name=f"Rank {title} next").click()
    elif kind == BallotKind.CUMULATIVE:
        tab.get_by_role("textbox", name=TREES).fill("4")
        tab.get_by_role("button", name=f"One more for {CAFE}").click()
    elif kind == BallotKind.SCORING:
        tab.get_by_label(TREES).select_option("0")
        tab.get_by_label(CAFE).select_option("5")
    else:
        tab.get_by_label(BENCH).check()


@pytest.fixture
def at_the_ballot(sign_in):
    """Open a ballot in tabs as one of its voters: ``there(kind, *tabs) -> cycle, people``."""

    def there(kind, *tabs):
        cycle, people = a_cycle(kind=kind, **KINDS.get(kind, {}))
        for tab in tabs:
            sign_in(tab, people[0])
            tab.goto(f"/budget/{cycle.slug}/ballot/")
        return cycle, people

    return there


@pytest.mark.parametrize("kind", BallotKind)
def test_a_reload_brings_back_what_was_filled_in(page, at_the_ballot, kind):
    sent = []
    at_the_ballot(kind, page)
    page.on("request", lambda request: sent.append((request.method, request.post_data)))
    fill_in(page, kind)
    filled, running = page.evaluate(FILLED), page.locator("[data-running]").inner_text()
    assert filled
    page.reload()
    expect(line(page)).to_contain_text(TOLD)
    assert page.evaluate(FILLED) == filled
    expect(page.locator("[data-running]")).to_have_text(running)
    assert {method for method, _ in sent} == {"GET"}
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Your ballot: cast at")).to_be_visible()
    nothing_is_kept(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_voter_reads_that_it_is_kept_and_forgets_it(
    open_page, at_the_ballot, check_axe, screenshot, width
):
    tab = open_page({"width": width, "height": 900})
    at_the_ballot(BallotKind.APPROVAL, tab)
    expect(line(tab)).to_have_text("Not cast. What you fill in is kept on this device only.")
    forget = tab.get_by_role("button", name="Forget it")
    expect(forget).to_be_hidden()
    tab.get_by_label(TREES).check()
    expect(forget).to_be_visible()
    check_axe(tab)
    tab.reload()
    expect(line(tab)).to_contain_text(TOLD)
    check_axe(tab)
    screenshot(tab, f"ballot-draft-{width}")
    forget.focus()
    tab.keyboard.press("Enter")
    expect(line(tab)).to_contain_text("Forgotten. Nothing that you filled in is kept.")
    expect(tab.locator("[data-pot]")).to_be_focused()
    expect(tab.get_by_label(TREES)).not_to_be_checked()
    nothing_is_kept(tab)
    check_axe(tab)
    tab.reload()
    assert tab.evaluate(FILLED) == []


def test_what_is_ticked_before_the_script_runs_is_kept_too(page, at_the_ballot):
    """On a slow line the page is there before its script is."""
    cycle, _ = at_the_ballot(BallotKind.APPROVAL, page)
    held = []
    page.route("**/ballot.*js", lambda route: held.append(route))
    with page.expect_request("**/ballot.*js"):
        page.goto(f"/budget/{cycle.slug}/ballot/", wait_until="commit")
    page.get_by_label(BENCH).check()
    [route] = held
    route.continue_()
    page.unroute("**/ballot.*js")
    expect(page.get_by_role("button", name="Forget it")).to_be_visible()
    page.reload()
    expect(page.get_by_label(BENCH)).to_be_checked()


def test_going_back_fills_it_in_only_when_asked(page, at_the_ballot, check_axe, screenshot):
    at_the_ballot(BallotKind.RANKING, page)
    fill_in(page, BallotKind.RANKING)
    filled = page.evaluate(FILLED)
    page.goto("/budget/")
    page.go_back()
    expect(line(page)).to_contain_text("After going back it is shown only when you ask.")
    assert page.evaluate(FILLED) == []
    check_axe(page)
    screenshot(page, "ballot-draft-back-1280")
    page.get_by_role("button", name="Fill it in again").click()
    assert page.evaluate(FILLED) == filled
    expect(page.get_by_role("button", name="Fill it in again")).to_be_hidden()


def test_a_page_that_the_browser_held_back_is_asked_for_anew(page, at_the_ballot, sign_in):
    _, people = at_the_ballot(BallotKind.APPROVAL, page)
    fill_in(page, BallotKind.APPROVAL)
    held_back = "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"
    with page.expect_navigation():
        page.evaluate(held_back)
    expect(page.get_by_role("button", name="Fill it in again")).to_be_visible()
    assert page.evaluate(FILLED) == []
    sign_in(page, people[1])
    with page.expect_navigation():
        page.evaluate(held_back)
    expect(line(page)).to_have_text("Not cast. What you fill in is kept on this device only.")
    expect(page.get_by_role("button", name="Fill it in again")).to_be_hidden()


def test_a_ballot_that_was_refused_stays_as_it_was_filled_in(
    page, at_the_ballot, refusals_are_expected
):
    cycle, _ = at_the_ballot(BallotKind.CUMULATIVE, page)
    page.get_by_role("textbox", name=TREES).fill("7")
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Your ballot was not cast")).to_be_visible()
    expect(page.get_by_role("textbox", name=TREES)).to_have_value("7")
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_role("textbox", name=TREES)).to_have_value("")
    page.get_by_role("textbox", name=TREES).fill("5")
    page.goto(f"/budget/{cycle.slug}/ballot/")
    expect(page.get_by_role("textbox", name=TREES)).to_have_value("5")


def test_several_pots_in_one_sitting_come_back(page, sign_in):
    by, home = administrator(), NeighborhoodFactory()
    draft = draft_cycle(by=by)
    add_options(add_pot(draft, home, name="Streets", amount_minor=90, by=by), [50], by=by)
    [person] = voters(draft, 1, by=by, neighborhood=home)
    cycle = opened(draft)
    sign_in(page, person)
    page.goto(f"/budget/{cycle.slug}/ballot/")
    boxes = page.get_by_role("checkbox")
    boxes.first.check()
    boxes.last.check()
    filled = page.evaluate(FILLED)
    page.reload()
    assert page.evaluate(FILLED) == filled
    assert len(filled) == 2


def test_another_voter_at_the_same_browser_reads_nothing_of_it(page, at_the_ballot, sign_in):
    cycle, people = at_the_ballot(BallotKind.APPROVAL, page)
    fill_in(page, BallotKind.APPROVAL)
    sign_in(page, people[1])
    page.goto(f"/budget/{cycle.slug}/ballot/")
    expect(line(page)).to_have_text("Not cast. What you fill in is kept on this device only.")
    assert page.evaluate(FILLED) == []
    page.get_by_label(CAFE).check()
    sign_in(page, people[0])
    page.goto(f"/budget/{cycle.slug}/ballot/")
    expect(page.get_by_label(BENCH)).to_be_checked()
    expect(page.get_by_label(CAFE)).not_to_be_checked()


def test_signing_out_forgets_it_in_every_tab(page, at_the_ballot):
    cycle, _ = at_the_ballot(BallotKind.APPROVAL, page)
    other = page.context.new_page()
    other.goto(f"/budget/{cycle.slug}/ballot/")
    other.get_by_label(BENCH).check()
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/")
    nothing_is_kept(page)
    expect(line(other)).to_contain_text("Forgotten.")
    assert other.evaluate(FILLED) == []
    other.get_by_label(CAFE).check()
    nothing_is_kept(page)


def test_a_cast_on_another_device_ends_the_draft(page, at_the_ballot):
    cycle, people = at_the_ballot(BallotKind.APPROVAL, page)
    fill_in(page, BallotKind.APPROVAL)
    cast_positions(cycle, people[0], [3])
    page.reload()
    expect(line(page)).to_contain_text("What you had filled in before is forgotten")
    assert page.evaluate(FILLED) == []
    nothing_is_kept(page)
    page.get_by_label(TREES).check()
    page.reload()
    expect(line(page)).to_contain_text("This new ballot is not cast. What you filled in on")


def test_a_draft_for_another_ballot_is_dropped(page, at_the_ballot):
    at_the_ballot(BallotKind.APPROVAL, page)
    fill_in(page, BallotKind.APPROVAL)
    page.evaluate(
        "for (const key of Object.keys(localStorage)) {"
        " const draft = JSON.parse(localStorage[key]);"
        " localStorage[key] = JSON.stringify({...draft, for: 'another'}) }"
    )
    page.reload()
    expect(line(page)).to_contain_text("What you had filled in before is forgotten")
    nothing_is_kept(page)


def test_when_voting_is_over_the_draft_goes(page, at_the_ballot):
    cycle, _ = at_the_ballot(BallotKind.APPROVAL, page)
    fill_in(page, BallotKind.APPROVAL)
    assert page.evaluate(KEPT) == 1
    end_voting(cycle)
    page.reload()
    expect(page.get_by_text("You did not cast a ballot.")).to_be_visible()
    nothing_is_kept(page)


def test_any_page_drops_a_draft_that_is_older_than_the_end_of_voting(page, at_the_ballot):
    at_the_ballot(BallotKind.APPROVAL, page)
    fill_in(page, BallotKind.APPROVAL)
    page.goto("/budget/")
    assert page.evaluate(KEPT) == 1
    [text] = page.evaluate("Object.values(localStorage)")
    page.clock.install(time=json.loads(text)["until"] / 1000 + 1)
    page.goto("/projects/")
    nothing_is_kept(page)


def by_code(tab, cycle, letter):
    tab.goto(f"/budget/{cycle.slug}/code/")
    tab.get_by_label("Your year of birth").fill("1980")
    tab.get_by_label("The code in your letter").fill(letter.code)
    tab.get_by_role("button", name="To my ballot").click()
    expect(line(tab)).to_have_text(re.compile("What you fill in is kept in this tab only"))


@pytest.mark.parametrize("width", [1280, 390])
def test_whoever_votes_with_a_code_has_it_in_the_tab_alone(open_page, check_axe, screenshot, width):
    cycle, place = prepared()
    imported(cycle, *(person_row(n, place) for n in (1, 2)))
    running = opened(cycle)
    first, second = letters_to(running, person_row(1, place), person_row(2, place))
    tab = open_page({"width": width, "height": 900})
    by_code(tab, running, first)
    tab.get_by_role("checkbox").first.check()
    tab.reload()
    expect(line(tab)).to_have_text(re.compile("What you filled in on .* is kept in this tab only"))
    expect(tab.get_by_role("checkbox").first).to_be_checked()
    check_axe(tab)
    screenshot(tab, f"ballot-draft-by-code-{width}")
    assert (tab.evaluate(KEPT), tab.evaluate(IN_TAB)) == (1, 1)
    other = tab.context.new_page()
    other.goto(f"/budget/{running.slug}/ballot/")
    assert other.evaluate(FILLED) == []
    by_code(tab, running, second)
    assert tab.evaluate(FILLED) == []
    nothing_is_kept(tab)
    tab.get_by_role("checkbox").first.check()
    assert tab.evaluate(KEPT) == 1
    tab.goto(f"/budget/{running.slug}/roll/")
    tab.get_by_role("button", name="Stop voting with this code").click()
    expect(tab.get_by_text("votes for nobody any more")).to_be_visible()
    nothing_is_kept(tab)


def test_a_device_that_becomes_a_kiosk_has_no_draft(page):
    cycle = a_vote()
    page.goto("/")
    page.evaluate("localStorage['ballot-draft:x'] = JSON.stringify({until: 9e15, fields: []})")
    made_a_kiosk(page, cycle)
    nothing_is_kept(page)


def test_without_storage_the_page_says_that_nothing_is_kept(open_page, at_the_ballot):
    tab = open_page()
    tab.add_init_script("Storage.prototype.setItem = () => { throw new Error('full') }")
    at_the_ballot(BallotKind.APPROVAL, tab)
    tab.get_by_label(BENCH).check()
    expect(line(tab)).to_contain_text("This browser keeps nothing")
    expect(tab.get_by_label(BENCH)).to_be_checked()


def test_without_scripts_nothing_is_said_of_drafts(open_page, at_the_ballot):
    tab = open_page(java_script_enabled=False)
    at_the_ballot(BallotKind.APPROVAL, tab)
    expect(line(tab)).to_be_hidden()
