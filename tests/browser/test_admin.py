"""Staff work in the stock admin, under the strict policy of the whole site."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant
from civicfund.people.services import grant_role
from tests.factories.people import UserFactory
from tests.factories.places import NeighborhoodFactory
from tests.signing_in import PASSWORD, code_now, verified, with_totp

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_administrator_signs_in_with_two_factors_and_corrects_a_name(page, screenshot):
    administrator = verified(UserFactory())
    grant_role(administrator, Role.BUDGET_ADMINISTRATOR, by=None)
    secret = with_totp(administrator)
    place = NeighborhoodFactory(name="Milside")

    page.goto("/admin/")
    page.get_by_label("E-mail address").fill(administrator.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=code]").fill(code_now(secret))
    page.keyboard.press("Enter")

    page.wait_for_url("**/admin/")
    screenshot(page, "admin-index-1280")
    page.get_by_role("link", name="Neighborhoods").click()
    page.get_by_role("link", name="Milside").click()
    page.get_by_label("Name").fill("Millside")
    screenshot(page, "admin-place-1280")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()
    place.refresh_from_db()
    assert place.name == "Millside"


def come_in(tab, address):
    """A superuser with both factors."""
    person = verified(UserFactory(is_staff=True, is_superuser=True))
    secret = with_totp(person)
    tab.goto(address)
    tab.get_by_label("E-mail address").fill(person.email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.locator("input[name=code]").fill(code_now(secret))
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**{address}")
    return person


def test_two_superusers_give_a_role(open_page, screenshot):
    officer, one, another = UserFactory(), open_page(), open_page()
    asker = come_in(one, f"/admin/people/user/{officer.pk}/change/")
    one.get_by_role("button", name="Ask for the role: Poll officer").click()
    one.get_by_text("Done: 1").wait_for()
    assert not RoleGrant.objects.exists()
    come_in(another, "/admin/people/rolerequest/")
    expect(another.get_by_text("waits for another superuser")).to_be_visible()
    screenshot(another, "admin-roles-asked-for-1280")
    another.locator("#result_list tbody th a").click()
    screenshot(another, "admin-role-asked-for-1280")
    another.get_by_role("button", name="Agree: the role is given").click()
    another.get_by_text("Done: 1").wait_for()
    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.granted_by) == (officer, Role.POLL_OFFICER, asker)
    one.reload()
    screenshot(one, "admin-role-given-1280")
