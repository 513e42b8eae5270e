"""The roll and letters with codes, as administrators, officers and voters see them."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import expect

from budgeting.enums import VoterGroup
from budgeting.models import RollEntry
from budgeting.services.roll import set_eligibility
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.browser.test_budget import both
from tests.browser.test_treasury import come_in
from tests.budgeting.test_roll import HEAD, imported, letters_to, person_row
from tests.factories.budgeting import administrator, draft_cycle, opened
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import verified, with_totp

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def prepared():
    place = NeighborhoodFactory(name="Harbour")
    cycle = draft_cycle(place=place)
    set_eligibility(
        cycle, minimum_age=16, age_on=date(2026, 1, 1), groups=[VoterGroup.RESIDENT],
        by=administrator(),
    )  # fmt: skip
    return cycle, place


def with_second_factor(user):
    return user, with_totp(verified(user))


def test_a_roll_is_looked_through_asked_for_and_agreed_to(
    page, phone, check_axe, screenshot, tmp_path
):
    cycle, place = prepared()
    file = tmp_path / "roll.csv"
    rows = [person_row(1, place), person_row(2, place, born="2020-01-01"), person_row(1, place)]
    file.write_text(HEAD + "\n".join(rows) + "\n")
    desk = f"/budget/{cycle.slug}/roll/desk/"
    come_in(page, *with_second_factor(administrator()), desk)
    page.get_by_label("The file").set_input_files(file)
    page.get_by_role("button", name="Look it through").click()
    expect(page.get_by_role("cell", name="is under age")).to_be_visible()
    check_axe(page)
    screenshot(page, "roll-report-1280")
    page.get_by_role("button", name="Ask that 1 person come on the roll").click()
    come_in(phone, *with_second_factor(administrator()), desk)
    check_axe(phone)
    screenshot(phone, "roll-desk-390")
    waiting = phone.get_by_role("region", name="Waiting for a second person")
    waiting.get_by_label("The file").set_input_files(file)
    waiting.get_by_role("button", name="Agree, and put them on the roll").click()
    expect(phone.get_by_text("1 person came onto the roll.")).to_be_visible()
    assert RollEntry.objects.filter(cycle=cycle).count() == 1


def test_a_letter_is_a_vote_without_an_account(
    page, phone, check_axe, screenshot, complaints_of_failed_pages
):
    cycle, place = prepared()
    imported(cycle, *(person_row(n, place) for n in (1, 2)))
    running = opened(cycle)
    letters = letters_to(running, person_row(1, place), person_row(2, place))
    for (tab, width), letter in zip(both(page, phone), letters, strict=True):
        tab.goto(f"/budget/{running.slug}/roll/")
        check_axe(tab)
        screenshot(tab, f"may-i-vote-{width}")
        tab.get_by_role("link", name="Use the code from a letter").click()
        tab.get_by_label("Your year of birth").fill("1979")
        tab.get_by_label("The code in your letter").fill(letter.code)
        tab.get_by_role("button", name="To my ballot").click()
        expect(tab.get_by_role("alert")).to_contain_text("do not belong together")
        check_axe(tab)
        screenshot(tab, f"code-refused-{width}")
        tab.get_by_label("Your year of birth").fill("1980")
        tab.get_by_role("button", name="To my ballot").click()
        tab.get_by_role("checkbox").first.check()
        tab.get_by_role("button", name="Cast").click()
        expect(tab.locator("[data-receipt]")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"cast-by-code-{width}")
        tab.get_by_role("button", name="Stop voting with this code").click()
        expect(tab.get_by_text("votes for nobody any more")).to_be_visible()


def test_the_desk_of_letters_shows_who_downloaded_them_before(page, phone, check_axe, screenshot):
    cycle, place = prepared()
    imported(cycle, *(person_row(n, place) for n in (1, 2)))
    running = opened(cycle)
    letters_to(running, person_row(1, place), person_row(2, place))
    letters_to(running, person_row(2, place))
    desk = f"/budget/{running.slug}/roll/letters/"
    for tab, width in both(page, phone):
        come_in(tab, *with_second_factor(administrator()), desk)
        before = tab.get_by_role("region", name="Downloaded before")
        expect(before.get_by_role("row")).to_have_count(3)
        check_axe(tab)
        screenshot(tab, f"letters-{width}")
        before.get_by_role("link", name="All of them on the trail").click()
        expect(tab.get_by_role("row")).to_have_count(3)


def test_two_officers_put_somebody_on_the_roll(page, phone, check_axe, screenshot):
    cycle, place = prepared()
    imported(cycle, person_row(1, place))
    running = opened(cycle)
    desk = f"/budget/{running.slug}/roll/officers/"
    officers = [UserFactory(), UserFactory()]
    for officer in officers:
        grant_role(officer, Role.POLL_OFFICER, by=None)
    come_in(page, *with_second_factor(officers[0]), desk)
    first = page.get_by_role("region", name="The first officer")
    first.get_by_label("The person's number").fill("77")
    first.get_by_label("Where they live").select_option("Harbour")
    first.get_by_role("button").click()
    come_in(phone, *with_second_factor(officers[1]), desk)
    check_axe(phone)
    screenshot(phone, "officers-390")
    second = phone.get_by_role("region", name="The second officer")
    second.get_by_label("The person's number").fill("7-7")
    second.get_by_label("Where they live").select_option("Harbour")
    second.get_by_role("button").click()
    expect(phone.get_by_text("1 person came onto the roll.")).to_be_visible()
