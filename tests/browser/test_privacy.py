"""What is held about me and how I leave, in a browser on both widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from civicfund.people.tasks import make_copies
from tests.factories.people import UserFactory
from tests.factories.pledges import PledgeFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_somebody_takes_a_copy_and_closes_the_account(
    page, phone, sign_in, check_axe, screenshot, settings, tmp_path
):
    settings.RESIDENCE_DOCUMENTS = str(tmp_path / "sealed")
    person = UserFactory(display_name="Nell Byrne")
    sign_in(page, person)
    page.goto("/me/data/")
    check_axe(page)
    screenshot(page, "my-data-1280")
    page.get_by_role("button", name="Ask for a copy").click()
    expect(page.get_by_text("We are putting it together", exact=True)).to_be_visible()
    make_copies()
    page.reload()
    check_axe(page)
    page.get_by_role("link", name="Take the copy").click()
    page.get_by_label("Password").fill(PASSWORD)
    check_axe(page)
    screenshot(page, "password-again-1280")
    with page.expect_download() as download:
        page.get_by_role("button", name="Confirm").click()
    assert download.value.suggested_filename == "what-is-held-about-me.zip"
    backer = PledgeFactory().backer
    sign_in(phone, backer)
    phone.goto("/me/close/")
    expect(phone.get_by_text("Something has to be settled first")).to_be_visible()
    check_axe(phone)
    screenshot(phone, "close-390")
    page.goto("/me/close/")
    check_axe(page)
    screenshot(page, "close-1280")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Close my account for good").click()
    expect(page.get_by_text("Your account is closed")).to_be_visible()


def test_the_towns_word_on_itself_is_read_agreed_to_and_complained_about(
    page, phone, sign_in, check_axe, screenshot
):
    for name in ("terms", "privacy", "retention", "accessibility"):
        for tab, width in ((page, 1280), (phone, 390)):
            tab.goto(f"/policies/{name}/")
            check_axe(tab)
            screenshot(tab, f"{name}-{width}")
    phone.goto("/complaint/")
    check_axe(phone)
    phone.get_by_label("A page that I cannot use").check()
    phone.get_by_label("What is wrong?").fill("The map has no list beside it.")
    screenshot(phone, "complaint-390")
    phone.get_by_role("button", name="Send it").click()
    expect(phone.get_by_text("You gave no address: keep this link.")).to_be_visible()
    check_axe(phone)
    person = UserFactory(agreed_to="2020-01")
    sign_in(page, person)
    page.goto(ProjectFactory(title="Trees for Mill Lane").get_absolute_url())
    page.get_by_label("Your comment").fill("The school would like to help.")
    page.get_by_role("button", name="Say it").click()
    expect(page.get_by_role("heading", name="Our terms have changed")).to_be_visible()
    check_axe(page)
    screenshot(page, "terms-again-1280")
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Agree and go on").click()
    expect(page.get_by_text("The school would like to help.")).to_be_visible()
