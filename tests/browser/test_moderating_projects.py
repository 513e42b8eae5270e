"""A project is reported, hidden, appealed for and shown again, and a version is taken down: in a
browser on both widths."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from civicfund.people.enums import Role
from civicfund.projects.services import edit_project
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.projects.test_moderating import hide

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_project_is_reported_hidden_and_its_author_appeals(
    page, phone, sign_in, check_axe, screenshot, complaints_of_failed_pages
):
    project = ProjectFactory(title="Mrs Quill of 4 Mill Lane")
    sign_in(page, UserFactory())
    page.goto(project.get_absolute_url())
    page.get_by_role("link", name="Report this project").click()
    page.get_by_label("It tells private things about somebody").check()
    check_axe(page)
    screenshot(page, "report-project-1280")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Thank you. A moderator will look at it.")).to_be_visible()
    come_in(phone, *ready(holding(Role.MODERATOR)), "/desk/comments/")
    check_axe(phone)
    screenshot(phone, "moderators-projects-390")
    phone.get_by_role("link", name="Mrs Quill of 4 Mill Lane").click()
    phone.get_by_label("It tells private things about somebody").check()
    phone.get_by_label("In words").fill("It tells where somebody lives.")
    check_axe(phone)
    screenshot(phone, "judging-project-390")
    phone.get_by_role("button", name="Hide it").click()
    expect(phone.get_by_text("Nothing waits")).to_be_visible()
    page.goto(project.get_absolute_url())
    expect(page.get_by_text("It tells where somebody lives.")).to_be_visible()
    expect(page.get_by_text("Mrs Quill")).to_have_count(0)
    check_axe(page)
    screenshot(page, "project-tombstone-1280")


def test_its_author_sees_why_and_appeals(phone, sign_in, check_axe, screenshot):
    project = ProjectFactory()
    hide(project)
    sign_in(phone, project.proposer)
    phone.goto(project.get_absolute_url())
    expect(phone.get_by_text("Moderators have hidden this")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "hidden-own-project-390")
    phone.get_by_role("link", name="Appeal").click()
    phone.get_by_label("Why should it be shown?").fill("The house is empty.")
    check_axe(phone)
    screenshot(phone, "appeal-project-390")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("Another moderator looks at your appeal.")).to_be_visible()


def test_a_moderator_takes_a_version_down(phone, page, check_axe, screenshot):
    project = ProjectFactory(story="A bench. Call 555 0134.")
    edit_project(project, by=project.proposer, story="A bench.")
    version = reverse("project_version", args=[project.pk, 1])
    come_in(phone, *ready(holding(Role.MODERATOR)), reverse("judge_project", args=[project.pk]))
    phone.goto(version)
    phone.get_by_role("link", name="Take this version down").click()
    phone.get_by_label("It tells private things about somebody").check()
    check_axe(phone)
    screenshot(phone, "taking-down-390")
    phone.get_by_role("button", name="Take it down").click()
    expect(phone.get_by_text("Taken down. The project's authors are told.")).to_be_visible()
    page.goto(version)
    expect(page.get_by_text("Moderators have taken this version down")).to_be_visible()
    expect(page.get_by_text("555 0134")).to_have_count(0)
    check_axe(page)
    screenshot(page, "version-taken-down-1280")
