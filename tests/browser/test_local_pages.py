from __future__ import annotations

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from tests.browser.conftest import NARROW, WIDE
from tests.factories.people import UserFactory
from tests.signing_in import with_totp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.urls")]

SIZES = {"1280": WIDE, "390": NARROW}


@pytest.fixture(params=SIZES)
def screen(request, open_page):
    tab = open_page(SIZES[request.param])
    tab.width = request.param
    return tab


@pytest.fixture(autouse=True)
def tryout(settings, tmp_path):
    settings.DEBUG = True
    settings.EMAIL_FILE_PATH = tmp_path


def send(subject: str, html: str) -> None:
    message = EmailMultiAlternatives(subject, "Hello\nhttp://127.0.0.1/", to=["ann@example.org"])
    message.attach_alternative(html, "text/html")
    connection = get_connection("django.core.mail.backends.filebased.EmailBackend")
    connection.send_messages([message])


def test_the_mailbox(screen, live_server, check_axe, screenshot):
    send("Your bench is built", f'<p>See <a href="{live_server.url}/projects/">it</a>.</p>')
    screen.goto("/local/mail/")
    screenshot(screen, f"mailbox-{screen.width}")
    check_axe(screen)
    screen.get_by_role("link", name="Your bench is built").click()
    screenshot(screen, f"mail-{screen.width}")
    check_axe(screen)
    screen.frame_locator("iframe").get_by_role("link", name="it").click()
    screen.wait_for_url("**/projects/")


def test_a_mails_script_does_not_run(page, complaints):
    send("Attack", "<script>top.document.title = 'taken'</script><p id='there'>Hello</p>")
    page.goto("/local/mail/")
    page.get_by_role("link", name="Attack").click()
    page.frame_locator("iframe").locator("#there").wait_for()
    assert "taken" not in page.title()
    [blocked] = complaints
    assert "Blocked script execution" in blocked
    complaints.clear()


def test_the_codes(screen, check_axe, screenshot):
    with_totp(UserFactory(email="officer@demo.example", is_staff=True))
    screen.goto("/local/codes/")
    screenshot(screen, f"codes-{screen.width}")
    check_axe(screen)
