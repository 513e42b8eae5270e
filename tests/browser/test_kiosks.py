"""A kiosk in a browser: made by an officer, a ballot unlocked, cast, left, and gone by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from budgeting.models import Casting, KioskEnd
from budgeting.selectors import kiosks_of
from budgeting.services.kiosks import unlock_ballot
from tests.browser.test_roll import with_second_factor
from tests.browser.test_treasury import come_in
from tests.budgeting.test_kiosks import a_vote, officer

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

STORED = "localStorage.length + sessionStorage.length"


def made_a_kiosk(tab, cycle, name="Library, by the window"):
    """The officer signs in at the device, and is signed out with it."""
    come_in(tab, *with_second_factor(officer()), f"/budget/{cycle.slug}/kiosks/")
    tab.get_by_label("Where it stands").fill(name)
    tab.get_by_role("button", name="Make it a kiosk").click()
    expect(tab.get_by_role("heading", name="Vote here")).to_be_visible()


def open_a_ballot(tab, cycle, number):
    told = unlock_ballot(kiosks_of(cycle).last(), number=number, by=officer())
    tab.get_by_label("The officer's code").fill(told.code)
    tab.get_by_role("button", name="Open my ballot").click()
    expect(tab.get_by_role("heading", name="Your ballot")).to_be_visible()


def stand_still(tab):
    """From here on time goes by only as the test says."""
    # A page that is asked late has gone on by then, and does not go back.
    tab.clock.pause_at(tab.evaluate("Date.now()") / 1000 + 10)
    tab.keyboard.press("Shift")  # a key: what is left is counted from this instant


@pytest.mark.parametrize("width", [1280, 390])
def test_an_officer_unlocks_a_ballot_at_a_kiosk(
    open_page, check_axe, screenshot, complaints_of_failed_pages, width
):
    cycle = a_vote()
    size = {"width": width, "height": 900}
    device, desk = open_page(size), open_page(size)
    made_a_kiosk(device, cycle)
    check_axe(device)
    screenshot(device, f"kiosk-waiting-{width}")
    come_in(desk, *with_second_factor(officer()), f"/budget/{cycle.slug}/kiosks/")
    desk.get_by_label("The person's number").fill("1")
    desk.get_by_role("button", name="Unlock, and show the code").click()
    code = desk.locator("[data-code]").inner_text()
    check_axe(desk)
    screenshot(desk, f"kiosks-desk-{width}")
    device.get_by_label("The officer's code").fill("12")
    device.get_by_role("button", name="Open my ballot").click()
    expect(device.get_by_role("alert")).to_contain_text("not valid here")
    check_axe(device)
    screenshot(device, f"kiosk-code-refused-{width}")
    device.get_by_label("The officer's code").fill(code)
    device.get_by_role("button", name="Open my ballot").click()
    expect(device.get_by_role("heading", name="Your ballot")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_ballot_is_cast_at_a_kiosk_and_nothing_stays(open_page, check_axe, screenshot, width):
    cycle = a_vote()
    device = open_page({"width": width, "height": 900})
    made_a_kiosk(device, cycle)
    open_a_ballot(device, cycle, "1")
    device.get_by_role("checkbox").first.check()
    assert device.get_by_role("link").all_inner_texts() == ["Skip to the content"]
    assert device.evaluate(STORED) == 0
    check_axe(device)
    screenshot(device, f"kiosk-ballot-{width}")
    device.get_by_role("button", name="Cast my ballot").click()
    receipt = device.locator("[data-receipt]").inner_text()
    expect(device.get_by_role("button", name="Print it")).to_be_visible()
    check_axe(device)
    screenshot(device, f"kiosk-receipt-{width}")
    device.get_by_role("button", name="I have it").click()
    expect(device.get_by_role("heading", name="Vote here")).to_be_visible()
    device.go_back()
    device.wait_for_load_state()
    assert receipt not in device.content()
    expect(device.get_by_role("checkbox")).to_have_count(0)
    assert device.evaluate(STORED) == 0
    assert Casting.objects.count() == 1


def test_a_ballot_left_alone_goes_away_with_a_warning_before(page):
    cycle = a_vote()
    page.clock.install()
    made_a_kiosk(page, cycle)
    open_a_ballot(page, cycle, "1")
    page.get_by_role("checkbox").first.check()
    stand_still(page)
    page.clock.run_for(59_000)
    expect(page.get_by_role("alert")).to_have_text("")
    page.clock.run_for(2_000)
    expect(page.get_by_role("alert")).to_have_text("Are you still there?")
    expect(page.get_by_role("timer").filter(has_text="in 29 seconds")).to_be_visible()
    more = page.get_by_role("button", name="More time")
    more.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("")
    page.clock.run_for(80_000)
    expect(page.get_by_role("checkbox").first).to_be_checked()
    page.clock.run_for(11_000)
    expect(page.get_by_role("heading", name="Vote here")).to_be_visible()
    assert not KioskEnd.objects.get().with_ballot
    page.go_back()
    page.wait_for_load_state()
    expect(page.get_by_role("checkbox")).to_have_count(0)
    assert not Casting.objects.exists()


def test_the_warning_can_be_read_by_everybody(page, check_axe, screenshot):
    """Axe needs a clock that runs, so what would end the ballot meanwhile is taken away."""
    cycle = a_vote()
    page.clock.install()
    made_a_kiosk(page, cycle)
    open_a_ballot(page, cycle, "1")
    stand_still(page)
    page.clock.run_for(61_000)
    expect(page.get_by_role("alert")).to_have_text("Are you still there?")
    page.evaluate(
        "const last = setInterval(() => {}, 1e9);"
        "for (let timer = last - 100; timer <= last; timer += 1) clearInterval(timer)"
    )
    page.clock.resume()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        check_axe(page)
        screenshot(page, f"kiosk-warning-{width}")


def test_more_time_is_given_without_a_key_or_a_pointer(page):
    """As assistive technology presses a button: a click, and no event before it."""
    cycle = a_vote()
    page.clock.install()
    made_a_kiosk(page, cycle)
    open_a_ballot(page, cycle, "1")
    stand_still(page)
    page.clock.run_for(85_000)
    page.get_by_role("button", name="More time").dispatch_event("click")
    page.clock.run_for(85_000)
    expect(page.get_by_role("heading", name="Your ballot")).to_be_visible()


def test_a_receipt_left_alone_goes_away(page):
    cycle = a_vote()
    page.clock.install()
    made_a_kiosk(page, cycle)
    open_a_ballot(page, cycle, "1")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.locator("[data-receipt]")).to_have_text(re.compile(r"([A-Z2-7]{4}-){4}"))
    stand_still(page)
    page.clock.run_for(59_000)
    expect(page.locator("[data-receipt]")).to_be_visible()
    page.clock.run_for(2_000)
    expect(page.get_by_role("heading", name="Vote here")).to_be_visible()
    expect(page.locator("[data-receipt]")).to_have_count(0)


def test_a_kiosk_works_without_scripts(open_page):
    cycle = a_vote()
    device = open_page(java_script_enabled=False)
    made_a_kiosk(device, cycle)
    open_a_ballot(device, cycle, "1")
    expect(device.get_by_role("button", name="More time")).to_be_hidden()
    device.get_by_role("button", name="Leave without casting").click()
    open_a_ballot(device, cycle, "2")
    device.get_by_role("checkbox").first.check()
    device.get_by_role("button", name="Cast my ballot").click()
    expect(device.locator("[data-receipt]")).to_be_visible()
    expect(device.get_by_role("button", name="Print it")).to_be_hidden()
    device.get_by_role("button", name="I have it").click()
    expect(device.get_by_role("heading", name="Vote here")).to_be_visible()
    assert Casting.objects.count() == 1
