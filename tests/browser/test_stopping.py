"""Switching reminders off from a mail's link, as people see it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.notices.enums import Topic
from civicfund.notices.models import OptOut
from civicfund.notices.services import StopLink
from tests.browser.test_budget import both
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_button_switches_reminders_off_and_one_on_again(page, phone, check_axe, screenshot):
    person = UserFactory()
    for tab, width in both(page, phone):
        tab.goto(StopLink(person, Topic.VOTING).address)
        assert OptOut.objects.count() == 0
        check_axe(tab)
        tab.get_by_role("button", name="Switch them off").click()
        expect(tab.get_by_text("They are off")).to_be_visible()
        assert OptOut.objects.count() == 1
        check_axe(tab)
        screenshot(tab, f"mail-off-{width}")
        tab.get_by_role("button", name="switch them on again").click()
        expect(tab.get_by_text("They are on again")).to_be_visible()
        assert OptOut.objects.count() == 0
        check_axe(tab)
