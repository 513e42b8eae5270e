from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.urls")]


@pytest.fixture(autouse=True)
def _try_out(settings):
    """As in a local try-out, banner and all."""
    settings.DEBUG = True


def test_every_component_passes_axe_at_both_widths(page, phone, check_axe, screenshot):
    for tab, width in ((page, 1280), (phone, 390)):
        tab.goto("/local/styleguide/")
        expect(tab.locator(".leaflet-interactive")).to_have_count(4)
        assert tab.get_by_text("a made-up town").is_visible()
        screenshot(tab, f"styleguide-{width}")
        check_axe(tab)
