"""Points, scores and rankings: by mouse, by keyboard and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgeting.enums import BallotKind
from budgeting.models import Cycle
from tests.browser.test_budget import IDEAS, a_cycle
from tests.factories.budgeting import in_urn

pytestmark = pytest.mark.django_db(transaction=True)

TREES, BENCH, LIGHTS, CAFE = IDEAS
KINDS = {
    BallotKind.CUMULATIVE: {"rule": "greedy_points", "max_sum_points": 10, "max_points": 6},
    BallotKind.SCORING: {"rule": "equal_shares_points_add1", "max_points": 5},
    BallotKind.RANKING: {"rule": "greedy_borda", "max_options": 3},
}


@pytest.fixture
def at_the_ballot(sign_in):
    """Open the ballot of a cycle in tabs, as one of its voters."""

    def there(kind, *tabs):
        cycle, [person, *_] = a_cycle(kind=kind, **KINDS[kind])
        for tab in tabs:
            sign_in(tab, person)
            tab.goto(f"/budget/{cycle.slug}/ballot/")

    return there


def kept():
    [choice] = in_urn(Cycle.objects.get())[-1].values()
    return choice


def cast(tab):
    tab.get_by_role("button", name="Cast my ballot").click()


def test_points_are_shared_out_with_a_running_count(
    page, phone, at_the_ballot, check_axe, screenshot, refusals_are_expected
):
    at_the_ballot(BallotKind.CUMULATIVE, page, phone)
    running = page.locator("[data-running]")
    expect(running).to_be_hidden()
    page.get_by_role("textbox", name=TREES).fill("6")
    expect(running).to_have_text("6 of 10 points given, 4 left.")
    for _ in range(5):
        page.get_by_role("button", name=f"One more for {BENCH}").click()
    expect(running).to_have_text("11 points given, 1 more than you have.")
    check_axe(page)
    screenshot(page, "ballot-points-over-1280")
    cast(page)
    expect(page.get_by_role("link", name="Whole town: You gave 11 points")).to_be_visible()
    expect(running).to_have_text("11 points given, 1 more than you have.")
    page.get_by_role("button", name=f"One less for {BENCH}").click()
    expect(running).to_have_text("10 of 10 points given, 0 left.")
    check_axe(page)
    cast(page)
    expect(page.get_by_text("Your ballot: cast at")).to_be_visible()
    assert kept() == {"options": [0, 1], "points": [6, 4]}
    phone.get_by_role("button", name=f"One more for {CAFE}").click()
    check_axe(phone)
    screenshot(phone, "ballot-points-390")


def test_an_error_leads_to_the_field_that_it_is_about(page, at_the_ballot, refusals_are_expected):
    at_the_ballot(BallotKind.CUMULATIVE, page)
    field = page.locator("input[data-given]").first
    field.fill("7")
    name = field.get_attribute("name")
    cast(page)
    page.get_by_role("link", name="cannot get 7; the most is 6").click()
    expect(page.locator(f'[name="{name}"]')).to_be_focused()
    expect(page.locator(f'[name="{name}"]')).to_have_value("7")


def test_projects_are_scored(page, phone, at_the_ballot, check_axe, screenshot):
    at_the_ballot(BallotKind.SCORING, page, phone)
    page.get_by_label(LIGHTS).select_option("5")
    page.get_by_label(CAFE).select_option("0")
    expect(page.locator("[data-running]")).to_have_text("2 scored.")
    check_axe(page)
    screenshot(page, "ballot-scores-1280")
    cast(page)
    expect(page.get_by_text("Your ballot: cast at")).to_be_visible()
    assert kept() == {"options": [2, 3], "points": [5, 0]}
    phone.get_by_label(LIGHTS).select_option("3")
    check_axe(phone)
    screenshot(phone, "ballot-scores-390")


def test_projects_are_ranked_by_keyboard_alone(page, at_the_ballot):
    at_the_ballot(BallotKind.RANKING, page)
    for title in (TREES, BENCH, CAFE):
        page.get_by_role("button", name=f"Rank {title} next").focus()
        page.keyboard.press("Enter")
    expect(page.locator("[data-running]")).to_have_text("3 ranked.")
    expect(page.get_by_label("Rank 3", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name=f"Rank {LIGHTS} next")).to_be_disabled()
    page.get_by_role("button", name=f"Move {CAFE} up").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=f"Move {CAFE} up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=f"Move {CAFE} down")).to_be_focused()
    page.get_by_role("button", name=f"Take {TREES} off the ranking").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-running]")).to_have_text("2 ranked.")
    page.get_by_role("button", name="Cast my ballot").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your ballot: cast at")).to_be_visible()
    assert kept() == {"options": [3, 1], "points": None}


def test_a_rank_that_is_chosen_from_its_list_moves_the_project(
    page, phone, at_the_ballot, check_axe, screenshot
):
    at_the_ballot(BallotKind.RANKING, page, phone)
    expect(page.get_by_label("Rank 2", exact=True)).to_be_hidden()
    page.get_by_label("Rank 1", exact=True).select_option(label=TREES)
    page.get_by_label("Rank 2", exact=True).select_option(label=BENCH)
    page.get_by_label("Rank 1", exact=True).select_option(label=BENCH)
    expect(page.locator("[data-running]")).to_have_text("1 ranked.")
    page.get_by_role("button", name=f"Rank {LIGHTS} next").click()
    page.get_by_role("button", name=f"Move {LIGHTS} up").click()
    check_axe(page)
    screenshot(page, "ballot-ranks-1280")
    cast(page)
    expect(page.get_by_text("Your ballot: cast at")).to_be_visible()
    assert kept() == {"options": [2, 1], "points": None}
    for title in (TREES, BENCH):
        phone.get_by_role("button", name=f"Rank {title} next").click()
    check_axe(phone)
    screenshot(phone, "ballot-ranks-390")


def test_projects_are_ranked_without_scripts(open_page, sign_in, refusals_are_expected):
    cycle, [person, *_] = a_cycle(kind=BallotKind.RANKING, **KINDS[BallotKind.RANKING])
    tab = open_page(java_script_enabled=False)
    sign_in(tab, person)
    tab.goto(f"/budget/{cycle.slug}/ballot/")
    tab.get_by_label("Rank 1", exact=True).select_option(label=CAFE)
    tab.get_by_label("Rank 3", exact=True).select_option(label=TREES)
    cast(tab)
    expect(tab.get_by_role("link", name="Rank 2 is empty.")).to_be_visible()
    expect(tab.get_by_label("Rank 3", exact=True).locator("option:checked")).to_have_text(TREES)
    tab.get_by_label("Rank 2", exact=True).select_option(label=LIGHTS)
    cast(tab)
    expect(tab.get_by_text("Your ballot: cast at")).to_be_visible()
    assert kept() == {"options": [3, 2, 0], "points": None}


def test_points_are_given_without_scripts(open_page, sign_in):
    cycle, [person, *_] = a_cycle(kind=BallotKind.CUMULATIVE, **KINDS[BallotKind.CUMULATIVE])
    tab = open_page(java_script_enabled=False)
    sign_in(tab, person)
    tab.goto(f"/budget/{cycle.slug}/ballot/")
    tab.get_by_label(BENCH).fill("4")
    cast(tab)
    expect(tab.get_by_text("Your ballot: cast at")).to_be_visible()
    assert kept() == {"options": [1], "points": [4]}


@pytest.mark.parametrize("kind", [BallotKind.CUMULATIVE, BallotKind.RANKING])
def test_going_back_shows_nothing_of_what_was_given_or_ranked(page, at_the_ballot, kind):
    at_the_ballot(kind, page)
    if kind == BallotKind.RANKING:
        page.get_by_role("button", name=f"Rank {TREES} next").click()
    else:
        page.get_by_role("button", name=f"One more for {TREES}").click()
    page.goto("/budget/")
    page.go_back()
    expect(page.locator("[data-running]")).to_be_hidden()
    assert page.locator("[data-given]").evaluate_all("all => all.map(f => f.value).join('')") == ""
    assert (
        page.locator("[data-ranks] select").evaluate_all("all => all.map(f => f.value).join('')")
        == ""
    )
