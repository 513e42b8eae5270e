"""People talk about a project, in a browser on both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.talk import CommentFactory, ThreadFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_resident_says_something_and_another_answers(page, phone, sign_in, check_axe, screenshot):
    project = ProjectFactory(title="Trees for Mill Lane")
    first = CommentFactory(
        thread=ThreadFactory(subject_id=project.pk),
        body="Who waters them in summer?\n\nSee https://example.org/lindens for what lindens need.",
    )
    sign_in(page, UserFactory(display_name="Nell Byrne"))
    page.goto(project.get_absolute_url())
    page.get_by_label("Your comment").fill("The school would like to help.")
    page.get_by_role("button", name="Say it").click()
    expect(page.get_by_text("The school would like to help.")).to_be_visible()
    check_axe(page)
    screenshot(page, "talk-1280")
    sign_in(phone, UserFactory(display_name="Tom Hall"))
    phone.goto(first.get_absolute_url())
    phone.get_by_label("Your answer").fill("We do, with a can each.")
    phone.get_by_role("button", name="Say it").click()
    expect(phone.get_by_text("with a can each")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "talk-answer-390")
    phone.goto(f"{project.get_absolute_url()}#talk")
    check_axe(phone)
    screenshot(phone, "talk-390")
