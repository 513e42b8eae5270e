"""A reviewer's week: assigned, a question back, a verdict, an appeal; published together each time.

The administrator and the proposer have browsers of their own; the sweep publishes as it does.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from budgeting.enums import ProposalState
from budgeting.services.reviews import give_review
from tests.browser.conftest import NARROW
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.factories.budgeting import administrator, publish_now
from tests.factories.reviews import reviewer, reviewing_cycle

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
    pytest.mark.journey,
]


class Week:
    """A reviewer, another one, the administrator, and one proposal with its proposer."""

    def __init__(self, open_page, sign_in, check_axe, screenshot) -> None:
        self.open_page, self.sign_in = open_page, sign_in
        self.check_axe, self.screenshot = check_axe, screenshot
        self.cycle, [self.proposal, self.other] = reviewing_cycle(2)
        self.desk = f"/budget/{self.cycle.slug}/reviews/"
        self.people = reviewer(), reviewer(), reviewer()
        self.by = administrator()

    def staff(self, person, address: str):
        tab = self.open_page()
        come_in(tab, *ready(person), address)
        return tab

    def seen(self, tab, name: str) -> None:
        look(tab, f"whole-review-{name}", self.check_axe, self.screenshot)

    def publish(self) -> None:
        """An administrator named an instant; it comes, and the sweep comes by."""
        publish_now(self.cycle, by=self.by)
        self.proposal.refresh_from_db()
        self.other.refresh_from_db()


def it_is_given_out(week, tab, title: str, person) -> None:
    tab.goto(week.desk)
    tab.get_by_label(f"Choose {title}").check()
    tab.get_by_label("Give them to").select_option(str(person.pk))
    week.seen(tab, "board")
    tab.get_by_role("button", name="Give them out").click()
    expect(tab.get_by_text("1 review was given out.")).to_be_visible()


def changes_are_asked_for_and_made(week, mine, proposer) -> None:
    mine.get_by_label("What has to change").fill("Say how wide it is.")
    week.seen(mine, "asking")
    mine.get_by_role("button", name="Ask the proposer").click()
    expect(mine.get_by_text("the review waits until it is given back")).to_be_visible()
    proposer.goto(f"/budget/{week.cycle.slug}/proposals/{week.proposal.pk}/")
    expect(proposer.get_by_text("Say how wide it is.")).to_be_visible()
    week.seen(proposer, "asked")
    proposer.set_viewport_size(NARROW)
    proposer.get_by_role("button", name="Give it back to the reviewers").click()
    expect(proposer.get_by_text("Say how wide it is.")).to_be_hidden()


def a_no_is_given(week, tab, name: str) -> None:
    tab.goto(f"{week.desk}{week.proposal.pk}/")
    tab.get_by_label("No", exact=True).first.check()
    tab.get_by_label("Yes", exact=True).last.check()
    tab.get_by_label("Why, for everybody to read").fill("The bridge is listed.")
    week.seen(tab, name)
    tab.get_by_role("button", name="Give this review").click()
    expect(tab.get_by_text("Your review is kept.")).to_be_visible()


def a_yes_after_the_appeal(week, tab) -> None:
    tab.goto(f"{week.desk}{week.proposal.pk}/")
    expect(tab.get_by_text("It is another bridge.")).to_be_visible()
    yes = tab.get_by_label("Yes", exact=True)
    yes.first.check()
    yes.last.check()
    week.seen(tab, "appeal-judged")
    tab.get_by_role("button", name="Give this review").click()
    expect(tab.get_by_text("Your review is kept.")).to_be_visible()


def test_a_reviewers_week(open_page, sign_in, check_axe, screenshot):
    week = Week(open_page, sign_in, check_axe, screenshot)
    first, second, third = week.people
    board = week.staff(week.by, week.desk)
    it_is_given_out(week, board, week.proposal.project.title, first)
    mine = week.staff(first, f"{week.desk}{week.proposal.pk}/")
    proposer = open_page(NARROW)
    sign_in(proposer, week.proposal.project.proposer)
    changes_are_asked_for_and_made(week, mine, proposer)
    a_no_is_given(week, mine, "first-no")
    again = week.staff(second, week.desk)
    a_no_is_given(week, again, "second-no")
    give_review(week.other, feasible=True, by=second)
    assert week.proposal.state == ProposalState.SUBMITTED
    week.publish()
    assert (week.proposal.state, week.other.state) == ("not_feasible", "feasible")
    proposer.reload()
    proposer.get_by_label("Why somebody else should").fill("It is another bridge.")
    week.seen(proposer, "appealing")
    proposer.set_viewport_size(NARROW)
    proposer.get_by_role("button", name="Appeal").click()
    expect(proposer.get_by_text("You appealed")).to_be_visible()
    a_yes_after_the_appeal(week, week.staff(third, week.desk))
    week.publish()
    proposer.reload()
    assert week.proposal.state == ProposalState.FEASIBLE
    week.seen(proposer, "feasible")
