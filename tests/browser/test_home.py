from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.factories.people import ResidencyFactory
from tests.factories.places import NeighborhoodFactory, square
from tests.factories.projects import ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True)


def a_small_town():
    harbor = NeighborhoodFactory(name="Harbor", boundary=square(0, 0))
    mill = NeighborhoodFactory(name="Mill <b>Lane</b>", boundary=square(1, 0))
    ProjectFactory(title="Trees & <i>shade</i>", neighborhood=mill, latitude=0.5, longitude=1.5)
    return harbor, mill


def test_home_passes_axe_at_both_widths(page, phone, check_axe, screenshot, sign_in):
    harbor, _ = a_small_town()
    resident = ResidencyFactory(neighborhood=harbor).user
    for tab, width in ((page, 1280), (phone, 390)):
        sign_in(tab, resident)
        tab.goto("/")
        expect(tab.locator(".leaflet-interactive")).to_have_count(2)
        screenshot(tab, f"home-{width}")
        check_axe(tab)
        assert tab.get_by_role("link", name="You live in Harbor").is_visible()


def test_an_empty_town_passes_axe(page, check_axe):
    page.goto("/")
    assert page.get_by_text("No project yet").is_visible()
    check_axe(page)


def test_names_are_text_on_the_map_too(page):
    _, mill = a_small_town()
    page.goto("/")
    page.locator(".leaflet-interactive").nth(1).hover()
    assert page.locator(".leaflet-tooltip").text_content() == mill.name
    page.locator(".leaflet-interactive").nth(1).click()
    page.wait_for_url(f"**{mill.get_absolute_url()}")


def test_reaching_a_neighborhood_in_the_list_lifts_it_on_the_map(page):
    a_small_town()
    page.goto("/")
    shape = page.locator(".leaflet-interactive").first
    before = shape.get_attribute("fill")
    page.get_by_role("link", name="Harbor").focus()
    assert shape.get_attribute("fill") != before
    page.keyboard.press("Shift+Tab")
    assert shape.get_attribute("fill") == before


def test_without_scripts_the_list_is_there_and_no_empty_box(open_page):
    a_small_town()
    tab = open_page(java_script_enabled=False)
    tab.goto("/")
    assert tab.get_by_role("link", name="Harbor").is_visible()
    assert not tab.locator(".map-canvas").is_visible()


def test_the_small_menu_works_by_keyboard(phone, check_axe):
    phone.goto("/")
    phone.keyboard.press("Tab")
    assert phone.evaluate("document.activeElement.className") == "skip-link"
    phone.locator("summary", has_text="Menu").focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("link", name="Sign in")).to_be_visible()
    check_axe(phone)
    phone.keyboard.press("Escape")
    expect(phone.get_by_role("link", name="Sign in")).to_be_hidden()
    assert phone.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_the_skip_link_leads_to_the_content(page):
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
