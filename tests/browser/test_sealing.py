"""The key, the receipt, the board and the opening, as people see them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgeting.domain import trustee
from budgeting.domain.sealing import public_key_of
from budgeting.services.closing import close_cycle
from budgeting.services.cycles import request_opening
from budgeting.services.trustees import approve_unsealing, request_unsealing
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.browser.test_budget import a_cycle, both
from tests.browser.test_treasury import come_in
from tests.factories.budgeting import (
    administrator,
    draft_cycle,
    end_voting,
    named_trustees,
    rehearsed,
    trustees,
)
from tests.factories.people import UserFactory
from tests.signing_in import verified, with_totp

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

KEY = bytes(range(32))


def staff():
    """An administrator with a second factor."""
    user = administrator()
    return user, with_totp(verified(user))


def test_a_voter_keeps_a_receipt_and_finds_it_on_the_board(
    page, phone, check_axe, sign_in, screenshot
):
    cycle, [person, *_] = a_cycle()
    for tab, width in both(page, phone):
        sign_in(tab, person)
        tab.goto(f"/budget/{cycle.slug}/ballot/")
        tab.get_by_label("A repair café").check()
        tab.get_by_role("button", name="Cast").click()
        receipt = tab.locator("[data-receipt]").inner_text()
        check_axe(tab)
        screenshot(tab, f"receipt-{width}")
        tab.get_by_role("link", name="To the public board").click()
        tab.get_by_label("Your receipt").fill(receipt.lower().replace("-", " "))
        tab.get_by_role("button", name="Look it up").click()
        expect(tab.get_by_text("Recorded, at place")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"board-{width}")
    end_voting(cycle)
    close_cycle(cycle)
    page.get_by_label("Your receipt").fill(receipt)
    page.get_by_role("button", name="Look it up").click()
    page.get_by_text("The proof", exact=True).click()
    check_axe(page)
    screenshot(page, "board-closed-1280")


def test_the_key_is_given_with_its_trustees_and_rehearsed(
    page, phone, check_axe, screenshot, refusals_are_expected
):
    cycle = draft_cycle()
    grant_role(UserFactory(display_name="Iris Abel"), Role.CLERK, by=None)
    come_in(page, *staff(), f"/budget/{cycle.slug}/key/")
    page.get_by_label("Public key of the trustees").fill(public_key_of(KEY))
    for part, each in enumerate(named_trustees(), start=1):
        page.get_by_label(f"Name of trustee {part}").fill(each.name)
        page.get_by_label(f"Trustee {part} stands for").fill(each.stands_for)
    page.get_by_role("button", name="Keep this key").click()
    check_axe(page)
    screenshot(page, "key-namesake-1280")
    page.get_by_label("They are two people").check()
    page.get_by_role("button", name="Keep this key").click()
    expect(page.get_by_text("Key and names are kept.")).to_be_visible()
    come_in(phone, *staff(), f"/budget/{cycle.slug}/key/")
    for tab, width in both(page, phone):
        for each in named_trustees():
            expect(tab.get_by_text(f"{each.name}, for {each.stands_for}")).to_be_visible()
        expect(tab.get_by_text(cycle.trustee_key.fingerprint)).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"key-{width}")
    rehearsal = cycle.trustee_key.rehearsals.first()
    page.get_by_label("What the box holds").first.fill(trustee.answer_of(rehearsal.box, KEY))
    page.get_by_role("button", name=f"Tell the answer of {rehearsal.pair}").click()
    expect(page.get_by_text("Right: this pair can open the vote.")).to_be_visible()


def test_whoever_agrees_to_the_opening_sees_who_the_trustees_are(
    page, phone, check_axe, screenshot
):
    cycle = rehearsed(draft_cycle())
    request_opening(cycle, by=administrator())
    shown = [cycle.trustee_key.fingerprint, *(each.name for each in named_trustees())]
    for tab, width in both(page, phone):
        come_in(tab, *staff(), f"/budget/{cycle.slug}/desk/")
        agreeing = tab.get_by_role("region", name="Open the cycle")
        for words in shown:
            expect(agreeing.get_by_text(words)).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"agreeing-to-trustees-{width}")
    page.get_by_role("button", name="I agree: open the cycle").click()
    expect(page.get_by_text("The cycle is open.")).to_be_visible()
    for tab, width in both(page, phone):
        tab.goto(f"/budget/{cycle.slug}/board/")
        public = tab.get_by_role("region", name="Who can open the ballots")
        for words in shown:
            expect(public.get_by_text(words)).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"board-trustees-{width}")


def test_the_ballots_are_opened_at_the_desk(page, phone, check_axe, screenshot):
    cycle, _ = a_cycle()
    end_voting(cycle)
    cycle = close_cycle(cycle)
    for tab, width in both(page, phone):
        come_in(tab, *staff(), f"/budget/{cycle.slug}/unsealing/")
        check_axe(tab)
        screenshot(tab, f"unsealing-ask-{width}")
    request_unsealing(cycle, by=administrator())
    approve_unsealing(cycle, by=administrator())
    page.reload()
    check_axe(page)
    screenshot(page, "unsealing-parts-1280")
    page.get_by_label("Part of one trustee").fill(trustees()[0])
    page.get_by_label("Part of another trustee").fill(trustees()[1])
    page.get_by_role("button", name="Open the ballots").click()
    expect(page.get_by_text("The ballots are open.")).to_be_visible()
    check_axe(page)
