"""A phase is moved in a browser by two people, everybody reads why, and verifiers follow it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import localtime
from playwright.sync_api import Error, expect

from budgeting.enums import PhaseKind
from tests.browser.test_budget import both
from tests.browser.test_sealing import staff
from tests.browser.test_treasury import come_in
from tests.browser.test_verifying import broken_in
from tests.budgeting.forging import forged
from tests.budgeting.test_bundle import altered, broken, bundle_of, edited
from tests.budgeting.test_moving import (
    ALTERED,
    MADE_UP,
    WHY,
    asked,
    opened_with,
    phase_of,
    published_after_moves,
    with_moves_in,
)
from tests.factories.budgeting import moved

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_two_administrators_move_a_phase(page, phone, check_axe, screenshot, refusals_are_expected):
    cycle, _ = opened_with()
    desk = f"/budget/{cycle.slug}/moving/"
    phase = phase_of(cycle, PhaseKind.REVIEWING)
    later = localtime(phase.ends_at + timedelta(days=3))
    come_in(page, *staff(), desk)
    page.get_by_label("Phase", exact=True).select_option(str(phase.pk))
    page.get_by_label("It shall end").fill(f"{later - timedelta(days=9):%Y-%m-%dT%H:%M}")
    page.get_by_label("Why, for everybody to read").fill(WHY)
    page.get_by_role("button", name="Ask to move it").click()
    expect(page.get_by_role("alert")).to_contain_text("never earlier")
    check_axe(page)
    screenshot(page, "moving-refused-1280")
    page.get_by_label("It shall end").fill(f"{later:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Ask to move it").click()
    expect(page.get_by_text("You asked for it.")).to_be_visible()
    check_axe(page)
    screenshot(page, "moving-asked-1280")
    come_in(phone, *staff(), desk)
    check_axe(phone)
    screenshot(phone, "moving-agree-390")
    phone.get_by_role("button", name="Agree").click()
    expect(phone.get_by_text("Reviewing was moved")).to_be_visible()
    check_axe(phone)


def test_everybody_reads_why_a_phase_was_moved(page, phone, check_axe, screenshot):
    cycle, _ = opened_with()
    moved(cycle, PhaseKind.REVIEWING, timedelta(days=2), reason=WHY)
    for tab, width in both(page, phone):
        for name in ("", "board/"):
            tab.goto(f"/budget/{cycle.slug}/{name}")
            expect(tab.get_by_text(WHY)).to_be_visible()
            check_axe(tab)
            screenshot(tab, f"moved-{name.strip('/') or 'cycle'}-{width}")


def test_everybody_reads_on_the_ballot_why_voting_was_moved(page, phone, check_axe, screenshot):
    cycle, _ = opened_with()
    day = timedelta(days=1)
    moved(cycle, PhaseKind.BALLOTING, day, start_by=day, reason=WHY)
    desk = f"/budget/{cycle.slug}/moving/"
    asked(cycle, PhaseKind.BALLOTING, day, day)
    for tab, width in both(page, phone):
        tab.goto(f"/budget/{cycle.slug}/ballot/")
        expect(tab.get_by_text(WHY)).to_be_visible()
        expect(tab.get_by_text("Voting was moved to")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"moved-ballot-{width}")
    come_in(page, *staff(), desk)
    expect(page.get_by_text("Who relies on the days of voting?")).to_be_visible()
    check_axe(page)
    screenshot(page, "moving-voting-1280")


def test_both_verifiers_follow_phases_that_were_moved(page, live_server):
    """By the names of what does not hold, or by not getting through at all, as with a bad board."""
    content = bundle_of(published_after_moves())
    page.goto(f"{live_server.url}/budget/verify/")
    assert broken_in(page, content) == []
    for made_up in MADE_UP:
        other = forged(content, with_moves_in(made_up))
        assert broken_in(page, other) == broken(other) != []
    for path, value, _found in ALTERED:
        other = altered(content, "bundle.json", edited(("board", "moves", *path), value))
        if "the board" in broken(other):
            with pytest.raises(Error):
                broken_in(page, other)
        else:
            assert broken_in(page, other) == broken(other) != []
