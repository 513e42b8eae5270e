"""The pages of django-allauth look like ours, run under the strict policy, and pass axe."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from tests.factories.people import UserFactory
from tests.signing_in import PASSWORD, code_now, verified

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.urls")]


@pytest.mark.parametrize(
    "name", ["login", "signup", "password/reset", "password/reset/done", "confirm-email"]
)
def test_entrances_pass_axe(page, phone, check_axe, screenshot, name):
    for tab, width in ((page, 1280), (phone, 390)):
        tab.goto(f"/accounts/{name}/")
        assert tab.locator("h1").count() == 1
        screenshot(tab, f"{name.replace('/', '-')}-{width}")
        check_axe(tab)


def test_refused_sign_in_moves_the_focus_to_what_is_wrong(page, check_axe, screenshot):
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("link", name=re.compile("Password")).click()
    assert page.evaluate("document.activeElement.id") == "id_password"
    described = page.get_attribute("#id_password", "aria-describedby").split()
    assert [page.locator(f"#{name}").count() for name in described] == [1] * len(described)
    screenshot(page, "login-refused-1280")
    check_axe(page)


def test_a_new_person_signs_up_by_keyboard_and_confirms_the_mail(page, check_axe):
    page.goto("/accounts/signup/")
    page.get_by_label("Your name").focus()
    page.keyboard.type("Ada Meadow")
    page.keyboard.press("Tab")
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/confirm-email/")
    (link,) = re.findall(r"http\S+/accounts/confirm-email/\S+", mail.outbox[0].body)
    page.goto(link)
    check_axe(page)
    page.get_by_role("button", name="Yes, confirm it").click()
    expect(page.get_by_text("confirmed").first).to_be_visible()


def test_account_pages_pass_axe(page, phone, check_axe, screenshot, sign_in):
    user = verified(UserFactory())
    for tab, width in ((page, 1280), (phone, 390)):
        sign_in(tab, user)
        for name in ("email", "password/change", "logout"):
            tab.goto(f"/accounts/{name}/")
            screenshot(tab, f"{name.replace('/', '-')}-{width}")
            check_axe(tab)


def test_a_second_factor_is_set_up_and_asked_for(page, check_axe, screenshot):
    user = verified(UserFactory())
    page.goto("/accounts/login/?next=/accounts/2fa/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/2fa/")
    screenshot(page, "mfa-1280")
    check_axe(page)
    page.goto("/accounts/2fa/totp/activate/")
    check_axe(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/totp/activate/")
    screenshot(page, "totp-1280")
    check_axe(page)
    secret = page.input_value("#authenticator_secret")
    page.fill("#id_code", code_now(secret))
    page.get_by_role("button", name="Activate").click()
    page.wait_for_url("**/recovery-codes/")
    screenshot(page, "recovery-codes-1280")
    check_axe(page)
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/2fa/authenticate/")
    screenshot(page, "second-factor-1280")
    check_axe(page)


def test_a_security_key_is_added_under_the_strict_policy(page, check_axe, screenshot, sign_in):
    user = verified(UserFactory())
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    keys.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
    sign_in(page, user)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/webauthn/add/")
    screenshot(page, "security-key-1280")
    check_axe(page)
    page.get_by_label("Name").fill("My key")
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/")
    page.goto("/accounts/2fa/webauthn/")
    assert page.get_by_text("My key").is_visible()
    check_axe(page)
