"""Somebody complains from a phone, and is answered at the desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.complaints.models import Complaint
from civicfund.people.enums import Role
from tests.browser.test_desks import holding, ready
from tests.browser.test_treasury import come_in
from tests.complaints.test_complaints import answered, complained

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_complaint_is_made_answered_and_looked_at_again(page, phone, check_axe, screenshot):
    answered(complained(about="vote"))
    phone.goto("/complaint/")
    check_axe(phone)
    screenshot(phone, "complaint-390")
    phone.get_by_label("How somebody who works for the town treated me").check()
    phone.get_by_label("What is wrong?").fill("Nobody at the counter listened to me.")
    phone.get_by_label("Your e-mail address").fill("nell@example.org")
    phone.get_by_role("button", name="Send it").click()
    expect(phone.get_by_text("Waits for somebody to take it")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "complaint-sent-390")
    _answer_it(page, check_axe, screenshot)
    phone.reload()
    check_axe(phone)
    screenshot(phone, "complaint-answered-390")
    phone.get_by_label("What did the answer miss?").fill("With whom?")
    phone.get_by_role("button", name="Ask for a second look").click()
    expect(phone.get_by_text("Somebody else looks at it.", exact=False).first).to_be_visible()
    phone.get_by_role("button", name="Take it back and delete it now").click()
    expect(phone.get_by_text("Every word of it is deleted.")).to_be_visible()
    assert Complaint.objects.exclude(forgotten_at=None).count() == 1
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/complaint/")
    check_axe(page)
    screenshot(page, "complaint-1280")


def _answer_it(page, check_axe, screenshot):
    come_in(page, *ready(holding(Role.COMPLAINTS_OFFICER)), "/desk/complaints/")
    check_axe(page)
    screenshot(page, "complaints-desk-1280")
    page.get_by_role("link", name="Nobody at the counter listened to me.").click()
    page.get_by_role("button", name="Take it").click()
    page.get_by_role("textbox", name="Note").fill("Ask who was there on Monday.")
    page.get_by_role("button", name="Write it down").click()
    page.get_by_label("The answer").fill("We are sorry, and have talked about it.")
    check_axe(page)
    screenshot(page, "complaint-desk-1280")
    page.set_viewport_size({"width": 390, "height": 844})
    check_axe(page)
    screenshot(page, "complaint-desk-390")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("Answered. Whoever complained is told.")).to_be_visible()
