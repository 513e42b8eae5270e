"""A comment that is reported, hidden with its reason, appealed and shown again: four browsers.

The shortest of the journeys, so `make test` runs it, too, on one day of three.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from civicfund.people.enums import Role
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.browser.walking import Walk
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.timeout(600),
]
WORDS = "“You are all fools,” the mayor said in 1911."


class Day(Walk):
    """A project that people talk about, and who looks after it."""

    name = "whole-moderation"

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.page_of_project = ProjectFactory(title="Trees for Mill Lane").get_absolute_url()

    def resident(self, name: str):
        return self.phone(UserFactory(display_name=name), self.page_of_project)

    def moderator(self):
        tab = self.open_page()
        come_in(tab, *ready(holding(Role.MODERATOR)), "/desk/comments/")
        return tab


def somebody_is_rude_and_reported(day, author, reader) -> None:
    author.get_by_label("Your comment").fill(WORDS)
    author.get_by_role("button", name="Say it").click()
    expect(author.get_by_text(WORDS)).to_be_visible()
    reader.reload()
    reader.get_by_role("link", name=re.compile("^Report (?!this project)")).click()
    reader.get_by_label("It insults or threatens people").check()
    reader.get_by_label("More about it").fill("Rude to everybody.")
    day.seen(reader, "reporting")
    reader.get_by_role("button", name="Send").click()
    expect(reader.get_by_text("A moderator will look at it.")).to_be_visible()


def it_is_hidden(day, desk, reader) -> None:
    day.seen(desk, "desk")
    desk.get_by_role("link", name=WORDS).click()
    expect(desk.get_by_text("Rude to everybody.")).to_be_visible()
    desk.get_by_label("It insults or threatens people").check()
    desk.get_by_label("In words").fill("We talk as neighbors here.")
    day.seen(desk, "judging")
    desk.get_by_role("button", name="Hide it").click()
    expect(desk.get_by_text("Nothing waits")).to_be_visible()
    reader.goto(day.page_of_project)
    expect(reader.get_by_text("We talk as neighbors here.")).to_be_visible()
    expect(reader.get_by_text(WORDS)).to_be_hidden()
    day.seen(reader, "tombstone")


def its_author_appeals(day, author, first) -> None:
    author.goto(day.page_of_project)
    author.get_by_role("link", name="Appeal").click()
    author.get_by_label("Why should it be shown?").fill("It was a quotation.")
    day.seen(author, "appealing")
    author.get_by_role("button", name="Send").click()
    first.goto("/desk/comments/")
    expect(first.get_by_text("Nothing waits")).to_be_visible()  # it is not theirs to decide


def another_moderator_decides(day, second, reader) -> None:
    second.get_by_role("link", name=WORDS).click()
    expect(second.get_by_text("It was a quotation.")).to_be_visible()
    day.seen(second, "deciding")
    second.get_by_role("button", name="Show it again").click()
    reader.goto(day.page_of_project)
    expect(reader.get_by_text(WORDS)).to_be_visible()
    reader.goto("/moderation/")
    day.seen(reader, "in-counts")


def test_a_moderators_day(open_page, sign_in, check_axe, screenshot):
    day = Day(open_page, sign_in, check_axe, screenshot)
    author, reader = day.resident("Nell Byrne"), day.resident("Tom Hall")
    somebody_is_rude_and_reported(day, author, reader)
    first = day.moderator()
    it_is_hidden(day, first, reader)
    its_author_appeals(day, author, first)
    another_moderator_decides(day, day.moderator(), reader)
