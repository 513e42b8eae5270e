"""My desks with what waits there, and the trail of the town, on both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from civicfund.projects.services.moderating import flag_project, hide_project
from civicfund.talk.enums import Wrong
from tests.browser.test_desks import ready
from tests.browser.test_treasury import come_in, look
from tests.factories.budgeting import administrator
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.factories.reviews import reviewing_cycle
from tests.factories.talk import CommentFactory

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_staff_see_what_waits_and_read_what_was_done(page, check_axe, screenshot):
    reviewing_cycle(2)
    person = administrator()
    for role in (Role.MODERATOR, Role.SPOKESPERSON):
        grant_role(person, role, by=None)
    CommentFactory(asks_city=True)
    flag_project(ProjectFactory(), by=UserFactory(), reason=Wrong.ADVERT)
    hide_project(hidden := ProjectFactory(), by=person, reason=Wrong.ADVERT, words="Cars.")
    come_in(page, *ready(person), "/desk/trail/")
    expect(page.get_by_role("cell", name="A project was hidden")).to_be_visible()
    expect(page.get_by_role("cell", name=f"project {hidden.pk}")).to_be_visible()
    page.get_by_label("Kind of act").select_option("project.taken_down")
    page.get_by_role("button", name="Show these").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    look(page, "town-trail", check_axe, screenshot)
    page.goto("/desk/")
    questions = page.get_by_role("listitem").filter(has_text="Questions to the city")
    expect(questions.get_by_text("1 waits")).to_be_visible()
    look(page, "my-desks", check_axe, screenshot)
