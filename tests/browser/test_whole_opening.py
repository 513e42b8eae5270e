"""A cycle from a template to open voting, by two administrators and two treasurers, each in a
browser of their own.

What trustees do with their program, and reviewers at their desk, has journeys of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from budgeting.enums import CycleState
from budgeting.models import Cycle
from budgeting.services.proposals import submit_proposal
from budgeting.services.reviews import give_review
from tests.browser.conftest import NARROW
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.budgeting.test_appropriations import treasurer
from tests.factories.budgeting import administrator, begin_voting, publish_now, rehearsed
from tests.factories.people import ResidencyFactory
from tests.factories.places import CityFactory, NeighborhoodFactory
from tests.factories.projects import ProjectFactory

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
    pytest.mark.journey,
]


class Opening:
    """Two administrators at their desks, and the cycle that they make."""

    def __init__(self, open_page, check_axe, screenshot) -> None:
        self.open_page, self.check_axe, self.screenshot = open_page, check_axe, screenshot
        CityFactory(population=2_700)
        self.place = NeighborhoodFactory(name="Northbank", population=900)
        self.homes = [ResidencyFactory(neighborhood=self.place) for _ in range(2)]
        self.first, self.second = (self.at_desk(administrator()) for _ in range(2))
        self.treasurers = [self.at_desk(treasurer(), "/treasury/") for _ in range(2)]

    def at_desk(self, person, address="/desk/cycles/"):
        tab = self.open_page()
        come_in(tab, *ready(person), address)
        return tab

    @property
    def cycle(self) -> Cycle:
        return Cycle.objects.get(slug="spring")

    def seen(self, tab, name: str) -> None:
        look(tab, f"whole-opening-{name}", self.check_axe, self.screenshot)


def a_draft_from_a_template(opening) -> None:
    tab = opening.first
    opening.seen(tab, "cycles")
    like = tab.locator("section[aria-labelledby=from-another]")
    like.get_by_label("Title").fill("Spring")
    like.get_by_label("Address").fill("spring")
    like.get_by_label("Like", exact=True).select_option("quick")
    tomorrow = timezone.localdate() + timedelta(days=1)
    like.get_by_label("Its first phase begins on").fill(tomorrow.isoformat())
    like.get_by_role("button", name="Make the draft").click()
    expect(tab.get_by_text("The draft is made.")).to_be_visible()
    opening.seen(tab, "draft")
    tab.goto("/budget/spring/timeline/")
    begins = tab.get_by_label("Starts").first.input_value()
    too_short = datetime.fromisoformat(begins) + timedelta(days=2)
    tab.get_by_label("Ends").first.fill(f"{too_short:%Y-%m-%dT%H:%M}")
    tab.get_by_role("button", name="Keep these phases").click()
    expect(tab.get_by_text("Think twice about this")).to_be_visible()
    opening.seen(tab, "timeline")


def money_for_every_place(opening) -> None:
    tab = opening.first
    tab.goto("/budget/spring/pots/")
    one = tab.locator("section[aria-labelledby=add]")
    one.get_by_label("Name").fill("Whole town")
    one.get_by_label("Place").select_option(label="Marrowmere")
    one.get_by_label("Amount", exact=True).fill("9000")
    one.get_by_role("button", name="Add this pot").click()
    expect(tab.get_by_role("heading", name="Whole town: €9,000")).to_be_visible()
    opening.seen(tab, "pots")


def two_treasurers_set_it_aside(opening) -> None:
    for tab in opening.treasurers:
        tab.goto("/budget/spring/money/")
    first, second = opening.treasurers
    first.get_by_label("Set aside for this vote in all").fill("9000")
    first.get_by_label("The decision that it rests on").fill("Council of 3 May, item 14")
    first.get_by_role("button", name="Ask to set it aside").click()
    opening.seen(first, "money-asked")
    second.reload()
    second.get_by_role("button", name="Agree: €9,000 is set aside").click()
    expect(second.get_by_text("€9,000 is set aside and not awarded yet")).to_be_visible()
    opening.seen(second, "money")


def people_on_the_roll(opening) -> None:
    for tab in (opening.first, opening.second):
        tab.goto("/budget/spring/roll/desk/")
    opening.first.get_by_label("Confirmed homes on").fill("2026-01-01")
    homes = opening.first.locator("section[aria-labelledby=homes]")
    homes.get_by_role("button", name="Ask for it").click()
    opening.seen(opening.first, "roll-asked")
    opening.second.reload()
    waiting = opening.second.locator("section[aria-labelledby=waiting]")
    waiting.get_by_role("button").first.click()
    expect(opening.second.get_by_text("2 people came onto the roll.")).to_be_visible()
    opening.seen(opening.second, "roll")


def projects_on_the_ballot(opening) -> None:
    by, pot = administrator(), opening.cycle.pots.get()
    for title in ("A bench at the mill", "Lights in the underpass"):
        project = ProjectFactory(title=title, neighborhood=opening.place)
        give_review(submit_proposal(project, pot, by=by), feasible=True, by=by)
    publish_now(opening.cycle, by=by)
    tab = opening.first
    tab.goto("/budget/spring/ballot/desk/")
    tab.get_by_role("button", name="Put those chosen on the ballot").click()
    expect(tab.get_by_text("2 projects came on the ballot.")).to_be_visible()
    opening.seen(tab, "ballot-desk")


def two_people_open_it(opening) -> None:
    rehearsed(opening.cycle)
    for tab in (opening.first, opening.second):
        tab.goto("/budget/spring/desk/")
    opening.seen(opening.first, "ready")
    opening.first.get_by_role("button", name="Ask for the opening").click()
    expect(opening.first.get_by_text("You asked for it")).to_be_visible()
    opening.second.reload()
    opening.seen(opening.second, "agreeing")
    opening.second.get_by_role("button", name="I agree: open the cycle").click()
    expect(opening.second.get_by_text("The cycle is open.")).to_be_visible()
    opening.seen(opening.second, "open")


def test_an_administrator_from_a_template_to_open_voting(open_page, sign_in, check_axe, screenshot):
    opening = Opening(open_page, check_axe, screenshot)
    a_draft_from_a_template(opening)
    money_for_every_place(opening)
    two_treasurers_set_it_aside(opening)
    people_on_the_roll(opening)
    projects_on_the_ballot(opening)
    two_people_open_it(opening)
    assert opening.cycle.state == CycleState.OPEN
    begin_voting(opening.cycle)
    phone = open_page(NARROW)
    sign_in(phone, opening.homes[0].user)
    phone.goto("/budget/spring/ballot/")
    phone.get_by_label("Lights in the underpass").check()
    opening.seen(phone, "voting")
    phone.get_by_role("button", name="Cast my ballot").click()
    expect(phone.get_by_text("Your ballot: cast at")).to_be_visible()
