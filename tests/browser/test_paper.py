"""A vote on paper as administrators, officers, clerks, observers and everybody see it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgeting.domain.paper import shown_number
from budgeting.enums import BallotKind
from budgeting.models import CheckIn, Keying, Sheet
from budgeting.services.paper import account_for, add_place, offer_paper, print_sheets
from civicfund.people.enums import Role
from tests.browser.test_budget import a_cycle, both
from tests.browser.test_treasury import come_in
from tests.factories.budgeting import administrator, cast_positions, open_by_trustees
from tests.factories.paper import (
    closed,
    compared,
    ended,
    holder,
    keyed,
    keyed_by_two,
    lose_key,
    paper_by_number,
    voted_on_paper,
)
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import verified, with_totp

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def staff(*roles):
    user = holder(*roles)
    return user, with_totp(verified(user))


def on_paper(**cycle):
    """A running cycle with a place and sheets for where its first voter lives."""
    running, people = a_cycle(**cycle)
    by = administrator()
    offer_paper(running, sample_size=2, by=by)
    place = add_place(running, name="Town hall", address="Market Square 1", hours="8 to 18", by=by)
    area = running.roll.order_by("pk").first().place
    _batch, numbers = print_sheets(place, area=area, number=6, language="en", by=by)
    return running, people, place, numbers


def test_an_administrator_prepares_a_vote_on_paper(page, phone, check_axe, screenshot):
    running, _people = a_cycle()
    desk = f"/budget/{running.slug}/paper/desk/"
    come_in(page, *staff(Role.BUDGET_ADMINISTRATOR), desk)
    check_axe(page)
    screenshot(page, "paper-offer-1280")
    page.get_by_role("button", name="Let people vote on paper").click()
    form = page.get_by_role("region", name="Add a place")
    form.get_by_label("Name").fill("Town hall")
    form.get_by_label("Address").fill("Market Square 1")
    form.get_by_role("button", name="Add this place").click()
    form = page.get_by_role("region", name="Print sheets")
    form.get_by_label("Place").select_option("Town hall")
    form.get_by_label("With the pots of").select_option(index=1)
    form.get_by_label("How many").fill("4")
    with page.expect_download() as download:
        form.get_by_role("button", name="Make the sheets (PDF)").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    assert Sheet.objects.count() == 4
    come_in(phone, *staff(Role.BUDGET_ADMINISTRATOR), desk)
    page.reload()
    for tab, width in both(page, phone):
        check_axe(tab)
        screenshot(tab, f"paper-desk-{width}")


def test_an_officer_checks_somebody_in(page, phone, check_axe, screenshot, refusals_are_expected):
    running, _place = paper_by_number(NeighborhoodFactory(), "4711", "4712")
    for (tab, width), number in zip(both(page, phone), ("4711", "4712"), strict=True):
        come_in(tab, *staff(Role.POLL_OFFICER), f"/budget/{running.slug}/paper/check-in/")
        tab.get_by_label("Place").select_option("Town hall")
        tab.get_by_label("The person's number").fill("1")
        tab.get_by_role("button", name="Look for them on the roll").click()
        expect(tab.get_by_role("alert")).to_contain_text("Nobody on the roll has this number")
        check_axe(tab)
        screenshot(tab, f"check-in-refused-{width}")
        tab.get_by_label("The person's number").fill(number)
        tab.get_by_role("button", name="Look for them on the roll").click()
        expect(tab.get_by_text("Lives in")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"check-in-found-{width}")
        tab.get_by_role("button", name="Check in, and give a ballot").click()
        expect(tab.get_by_text("Checked in.")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"check-in-{width}")
    assert CheckIn.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "rule", "limits"),
    [
        (BallotKind.APPROVAL, "greedy", {"max_options": 2}),
        (BallotKind.RANKING, "greedy_borda", {"max_options": 2}),
        (BallotKind.CUMULATIVE, "greedy_points", {"max_sum_points": 5, "max_points": 5}),
    ],
)
def test_a_clerk_keys_a_sheet(
    page, phone, check_axe, screenshot, refusals_are_expected, kind, rule, limits
):
    running, _people, _place, numbers = on_paper(kind=kind, rule=rule, **limits)
    cycle = closed(running)
    for tab, width in both(page, phone):
        come_in(tab, *staff(Role.CLERK), f"/budget/{cycle.slug}/paper/keying/")
        check_axe(tab)
        tab.get_by_label("Number of the sheet").fill(shown_number(numbers[0]).lower())
        tab.get_by_role("button", name="Key this sheet").click()
        tab.get_by_role("button", name="Keep this sheet").click()
        expect(tab.get_by_role("alert")).to_contain_text("say that it is void")
        screenshot(tab, f"keying-refused-{kind}-{width}")
        check_axe(tab)
        if kind == BallotKind.APPROVAL:
            tab.get_by_role("checkbox").first.check()
        elif kind == BallotKind.RANKING:
            tab.get_by_label("Rank 1").select_option(index=1)
        else:
            tab.locator("input[type=text]").first.fill("3")
        screenshot(tab, f"keying-{kind}-{width}")
        tab.get_by_role("button", name="Keep this sheet").click()
        expect(tab.get_by_text("Kept.")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"keying-desk-{width}")
    assert Keying.objects.count() == 2


def test_the_sample_is_compared_and_everybody_reads_what_became_of_the_sheets(
    page, phone, check_axe, screenshot
):
    running, people, place, numbers = on_paper()
    cast_positions(running, people[1], [0])
    voted_on_paper(running, people[:1], place)
    cycle = closed(running)
    sheets = {numbers[0]: [0], numbers[1]: [1, 2], numbers[2]: []}
    clerks = keyed_by_two(cycle, {number: sheets[number] for number in numbers[:1]})
    for number in numbers[1:3]:
        for clerk in clerks:
            keyed(cycle, number, sheets[number], by=clerk, void="" if sheets[number] else "blank")
    account_for(
        place, cast=3, spoiled=1, returned=1, reason="One sheet was carried away",
        by=holder(Role.POLL_OFFICER),
    )  # fmt: skip
    ended(cycle)
    for (tab, width), role in zip(both(page, phone), (Role.OBSERVER, Role.CLERK), strict=True):
        come_in(tab, *staff(role), f"/budget/{cycle.slug}/paper/sample/")
        expect(tab.get_by_text("waits for you").first).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"sample-{width}")
    compared(cycle, sheets)
    open_by_trustees(cycle)
    for tab, width in both(page, phone):
        tab.goto(f"/budget/{cycle.slug}/paper/")
        expect(tab.get_by_text("One sheet was carried away")).to_be_visible()
        expect(tab.get_by_text("With a certainty of 95 %")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"paper-{width}")


def test_two_administrators_begin_keying_anew(
    page, phone, check_axe, screenshot, refusals_are_expected, settings, tmp_path
):
    settings.SLOT_KEYS = str(tmp_path / "keys")
    (tmp_path / "keys").mkdir()
    running, _people, _place, numbers = on_paper()
    cycle = closed(running)
    keyed_by_two(cycle, {numbers[0]: [0]})
    lose_key(cycle)
    desk = f"/budget/{cycle.slug}/paper/desk/"
    come_in(page, *staff(Role.BUDGET_ADMINISTRATOR), desk)
    page.get_by_role("button", name="Ask to begin keying anew").click()
    expect(page.get_by_role("alert")).to_contain_text("Why, for everybody to read")
    check_axe(page)
    screenshot(page, "anew-refused-1280")
    page.get_by_label("Why, for everybody to read").fill("The disk with the keys broke.")
    page.get_by_role("button", name="Ask to begin keying anew").click()
    expect(page.get_by_text("You asked for it.")).to_be_visible()
    check_axe(page)
    screenshot(page, "anew-asked-1280")
    come_in(phone, *staff(Role.BUDGET_ADMINISTRATOR), desk)
    check_axe(phone)
    screenshot(phone, "anew-agree-390")
    phone.get_by_role("button", name="Agree: begin keying anew").click()
    expect(phone.get_by_text("There is a new key. 2 keyings were dropped")).to_be_visible()
    for tab, width in both(page, phone):
        tab.goto(f"/budget/{cycle.slug}/paper/")
        expect(tab.get_by_text("2 keyings were dropped unread")).to_be_visible()
        check_axe(tab)
        screenshot(tab, f"anew-paper-{width}")
    assert not Keying.objects.exists()
