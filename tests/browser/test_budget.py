"""Voting, by mouse, by keyboard and without scripts; and what came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from budgeting.enums import BallotKind, PhaseKind
from budgeting.models import Casting, Cycle
from budgeting.selectors.proposals import PROPOSALS_PER_PAGE
from budgeting.services.closing import close_cycle
from budgeting.services.counting import count_cycle
from budgeting.services.cycles import add_phase
from budgeting.services.proposals import submit_proposal
from budgeting.services.results import certify, publish
from budgeting.services.supports import need_supports
from civicfund.audit.services import db_now
from civicfund.projects.services.supporting import support_project
from tests.factories.budgeting import (
    administrator,
    cast_positions,
    certifier,
    draft_cycle,
    end_voting,
    in_urn,
    open_by_trustees,
    opened,
    voters,
)
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
IDEAS = ["Trees for Mill Lane", "A bench at the harbor", "Lights in the underpass", "A repair café"]


def a_cycle(**options):
    by = administrator()
    cycle = draft_cycle(by=by, costs_minor=[300_000, 120_000, 250_050, 90_000], **options)
    for option, title in zip(cycle.options.order_by("position"), IDEAS, strict=True):
        cycle.options.filter(pk=option.pk).update(name=title)
    now = db_now()
    for kind, begin, end in (
        (PhaseKind.PROPOSING, -30, -20),
        (PhaseKind.REVIEWING, -20, -10),
    ):
        add_phase(
            cycle,
            kind,
            starts_at=now + timedelta(days=begin),
            ends_at=now + timedelta(days=end),
            by=by,
        )
    people = voters(cycle, 3, by=by)
    return opened(cycle), people


def published(cycle, people):
    for person, positions in zip(people, [[0], [0, 1], [1, 3]], strict=True):
        cast_positions(cycle, person, positions)
    end_voting(cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    count_cycle(cycle)
    cycle.refresh_from_db()
    return publish(certify(cycle, by=certifier()), by=certifier())


def both(page, phone):
    return ((page, 1280), (phone, 390))


def test_a_ballot_is_filled_in_with_a_running_budget_and_cast(
    page, phone, check_axe, sign_in, screenshot, refusals_are_expected
):
    cycle, [person, *_] = a_cycle(kind=BallotKind.KNAPSACK)
    for tab, width in both(page, phone):
        sign_in(tab, person)
        tab.goto(f"/budget/{cycle.slug}/")
        screenshot(tab, f"cycle-{width}")
        check_axe(tab)
    page.get_by_role("link", name="Vote", exact=True).click()
    expect(page.get_by_text("Your ballot: not cast")).to_be_visible()
    running = page.locator("[data-running]")
    expect(running).to_be_hidden()
    page.get_by_label("Trees for Mill Lane").check()
    expect(running).to_have_text("1 chosen, costing €3,000. €2,000 left.")
    page.get_by_label("Lights in the underpass").check()
    expect(running).to_have_text("2 chosen, costing €5,500.50. €500.50 too much.")
    check_axe(page)
    screenshot(page, "ballot-over-1280")
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Your ballot was not cast")).to_be_visible()
    expect(page.get_by_label("Lights in the underpass")).to_be_checked()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    check_axe(page)
    screenshot(page, "ballot-refused-1280")
    page.get_by_label("Lights in the underpass").uncheck()
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Your ballot: cast at")).to_be_visible()
    assert Casting.objects.get().version == 1
    phone.goto(f"/budget/{cycle.slug}/ballot/")
    expect(phone.get_by_text("Your ballot: cast at")).to_be_visible()
    screenshot(phone, "ballot-390")
    check_axe(phone)


def test_a_ballot_is_cast_by_keyboard_alone(page, sign_in):
    cycle, [person, *_] = a_cycle()
    sign_in(page, person)
    page.goto(f"/budget/{cycle.slug}/ballot/")
    page.get_by_label("A repair café").focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("A repair café")).to_be_checked()
    page.get_by_role("button", name="Cast my ballot").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your ballot: cast at")).to_be_visible()
    [choice] = in_urn(Cycle.objects.get())[-1].values()
    assert choice == {"options": [3], "points": None}


def test_a_ballot_is_cast_without_scripts(open_page, sign_in, refusals_are_expected):
    cycle, [person, *_] = a_cycle(max_options=2)
    tab = open_page(java_script_enabled=False)
    sign_in(tab, person)
    tab.goto(f"/budget/{cycle.slug}/ballot/")
    for title in IDEAS[:3]:
        tab.get_by_label(title).check()
    tab.get_by_role("button", name="Cast my ballot").click()
    expect(tab.get_by_role("link", name="Whole town: You chose 3")).to_be_visible()
    tab.get_by_label(IDEAS[0]).uncheck()
    tab.get_by_role("button", name="Cast my ballot").click()
    expect(tab.get_by_text("Your ballot: cast at")).to_be_visible()


def test_going_back_shows_no_earlier_choice(page, sign_in):
    cycle, [person, *_] = a_cycle()
    sign_in(page, person)
    page.goto(f"/budget/{cycle.slug}/ballot/")
    page.get_by_label(IDEAS[0]).check()
    page.goto("/budget/")
    page.go_back()
    expect(page.get_by_label(IDEAS[0])).not_to_be_checked()


def test_the_results_page_turns_from_waiting_to_the_outcome_by_itself(
    page, phone, check_axe, screenshot
):
    cycle, people = a_cycle()
    page.goto(f"/budget/{cycle.slug}/results/")
    expect(page.get_by_text("Nothing is counted yet")).to_be_visible()
    check_axe(page)
    for person in people:
        cast_positions(cycle, person, [0])
    end_voting(cycle)
    cycle = open_by_trustees(close_cycle(cycle))
    page.reload()
    expect(page.get_by_text("The ballots are being counted")).to_be_visible()
    screenshot(page, "counting-1280")
    check_axe(page)
    count_cycle(cycle)
    cycle.refresh_from_db()
    publish(certify(cycle, by=certifier()), by=certifier())
    expect(page.get_by_role("heading", name="Selected", exact=True)).to_be_visible()


def test_the_outcome_is_told_at_both_widths(page, phone, check_axe, screenshot):
    cycle = published(*a_cycle(rule="equal_shares_cost_add1"))
    for tab, width in both(page, phone):
        tab.goto(f"/budget/{cycle.slug}/results/")
        screenshot(tab, f"results-{width}")
        check_axe(tab)
        tab.goto("/budget/")
        screenshot(tab, f"cycles-{width}")
        check_axe(tab)
    page.goto(f"/budget/{cycle.slug}/results/")
    page.get_by_text("Counted with").click()
    expect(page.get_by_text(cycle.tie_commitment)).to_be_visible()
    check_axe(page)


def test_the_count_can_be_stepped_through_at_both_widths(page, phone, check_axe, screenshot):
    cycle = published(*a_cycle(rule="equal_shares_cost_greedy"))
    for tab, width in both(page, phone):
        tab.goto(f"/budget/{cycle.slug}/results/")
        tab.get_by_role("link", name="Watch the count, round by round").click()
        expect(tab.get_by_role("heading", name="Round 1 of")).to_be_visible()
        check_axe(tab)
        tab.get_by_role("link", name="Next round").click()
        expect(tab.get_by_role("heading", name="Round 2 of")).to_be_visible()
        assert tab.url.endswith("?round=2")
        screenshot(tab, f"rounds-{width}")
        check_axe(tab)
        tab.go_back()
        expect(tab.get_by_role("heading", name="Round 1 of")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_beside_the_ballot_takes_a_voter_away(
    open_page, sign_in, check_axe, screenshot, width
):
    cycle, [person, *_] = a_cycle()
    tab = open_page({"width": width, "height": 844})
    sign_in(tab, person)
    tab.goto(f"/budget/{cycle.slug}/ballot/")
    expect(tab.get_by_role("navigation")).to_have_count(0)
    around = [tab.get_by_role("banner"), tab.get_by_role("contentinfo")]
    assert [each.get_by_role("link").all_inner_texts() for each in around] == [
        ["Back to the cycle", "Sign out"],
        ["Terms", "Privacy", "Accessibility", "Complaints"],
    ]
    assert around[0].bounding_box()["height"] < 100
    rule = tab.locator("details.fold")
    expect(rule.get_by_text("The project with the most votes is funded first")).to_be_visible()
    check_axe(tab)
    screenshot(tab, f"ballot-quiet-{width}")
    tab.get_by_label(IDEAS[0]).check()
    tab.get_by_role("button", name="Cast my ballot").click()
    tab.get_by_role("link", name="Change my ballot").click()
    expect(rule.get_by_text("The project with the most votes is funded first")).to_be_hidden()
    check_axe(tab)
    screenshot(tab, f"ballot-quiet-cast-{width}")
    tab.get_by_role("link", name="Back to the cycle").click()
    expect(tab.get_by_role("navigation").first).to_be_attached()


@pytest.fixture
def proposed():
    """An open cycle in which more is proposed than stands on a page."""
    by = administrator()
    cycle = draft_cycle(by=by, costs_minor=(), voting_starts_in=DAY, voting_ends_in=2 * DAY)
    now = db_now()
    add_phase(cycle, PhaseKind.SUPPORTING, starts_at=now - DAY, ends_at=now + DAY / 2, by=by)
    need_supports(cycle, 3, by=by)
    voters(cycle, 1, by=by)
    for number in range(PROPOSALS_PER_PAGE + 2):
        project = ProjectFactory(
            title=f"Trees for street {number}", summary="Shade.", cost_minor=100_000 + number
        )
        submit_proposal(project, cycle.pots.get(), by=by)
    project = ProjectFactory(title=IDEAS[1], cost_minor=5_000_000)
    support_project(project, by=UserFactory())
    submit_proposal(project, cycle.pots.get(), by=by)
    return opened(cycle)


def test_proposals_are_searched_and_put_in_order_by_keyboard(
    page, phone, check_axe, screenshot, proposed
):
    for tab, width in both(page, phone):
        tab.goto(f"/budget/{proposed.slug}/")
        screenshot(tab, f"cycle-to-search-{width}")
        check_axe(tab)
        tab.get_by_label("Search").fill("bench")
        tab.get_by_label("Order").select_option("Most supported first")
        tab.get_by_label("Order").press("Tab")
        expect(tab.get_by_role("button", name="Search")).to_be_focused()
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("heading", name="proposal")).to_be_visible()
        expect(tab.get_by_role("link", name=IDEAS[1])).to_be_visible()
        expect(tab.get_by_label("Search")).to_have_value("bench")
        screenshot(tab, f"cycle-searched-{width}")
        check_axe(tab)


def test_without_scripts_the_next_page_keeps_what_was_asked_for(open_page, screenshot, proposed):
    plain = open_page(java_script_enabled=False)
    plain.goto(f"/budget/{proposed.slug}/")
    plain.get_by_label("Search").fill("trees street")
    plain.get_by_label("Order").select_option("Lowest cost first")
    plain.get_by_role("button", name="Search").click()
    expect(plain.get_by_role("heading", name="27 proposals")).to_be_visible()
    plain.get_by_role("link", name="Next page").click()
    expect(plain.get_by_role("link", name="Trees for street 26")).to_be_visible()
    expect(plain.get_by_label("Order")).to_have_value("cheapest")
    plain.get_by_label("Search").fill("lighthouse")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_text("No proposal like this").wait_for()
    screenshot(plain, "cycle-nothing-found-1280")
    plain.get_by_role("link", name="Show all").first.click()
    expect(plain.get_by_text("Of 28 proposals a part stands on this page.")).to_be_visible()
