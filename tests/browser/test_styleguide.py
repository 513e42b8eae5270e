from __future__ import annotations

import pytest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.urls")]


def test_every_component_passes_axe_on_a_desk(page, check_axe, screenshot):
    page.goto("/local/styleguide/")
    page.wait_for_selector(".leaflet-interactive")
    screenshot(page, "styleguide-1280")
    check_axe(page)


def test_every_component_passes_axe_on_a_phone(phone, check_axe, screenshot):
    phone.goto("/local/styleguide/")
    phone.wait_for_selector(".leaflet-interactive")
    screenshot(phone, "styleguide-390")
    check_axe(phone)
