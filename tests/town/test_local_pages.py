from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import validate_totp_code
from django.core.mail import EmailMultiAlternatives, get_connection
from django.urls import reverse

import civicfund.urls
from tests.factories.people import UserFactory
from tests.signing_in import with_totp

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.browser.urls")]

MAILBOX = "/local/mail/"
CODES = "/local/codes/"


@pytest.fixture
def tryout(settings, tmp_path):
    settings.DEBUG = True
    settings.EMAIL_FILE_PATH = tmp_path


def letter(subject: str, html: str = "", text: str = "Hello") -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(subject, text, to=["ann@example.org"])
    if html:
        message.attach_alternative(html, "text/html")
    return message


def send(*messages: EmailMultiAlternatives) -> None:
    """As the local settings do; several messages at once share a file."""
    get_connection("django.core.mail.backends.filebased.EmailBackend").send_messages(messages)


def links_to_mails(client) -> list[str]:
    page = client.get(MAILBOX).content.decode()
    return re.findall(r'href="(/local/mail/[^"]+)"', page)


def test_mails_are_listed_newest_first_also_those_that_share_a_file(client, tryout):
    send(letter("First"), letter("Second"))
    page = client.get(MAILBOX).content.decode()
    assert page.index("Second") < page.index("First")
    assert len(links_to_mails(client)) == 2


def test_an_empty_mailbox_says_so(client, tryout):
    assert "No mail yet" in client.get(MAILBOX).content.decode()


def test_a_mailbox_whose_folder_is_not_there_yet_is_empty(client, tryout, settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path / "not" / "yet"
    assert "No mail yet" in client.get(MAILBOX).content.decode()


def test_links_in_the_text_can_be_followed(client, tryout):
    send(letter("Welcome", text="Go to http://testserver/accounts/confirm-email/Mg:1x:ab/ now"))
    page = client.get(links_to_mails(client)[0]).content.decode()
    assert 'href="http://testserver/accounts/confirm-email/Mg:1x:ab/"' in page


def test_the_text_of_a_mail_is_text(client, tryout):
    send(letter("<script>alert(1)</script>", text="<script>alert(2)</script>"))
    page = client.get(links_to_mails(client)[0]).content.decode()
    assert "<script>alert" not in page


def test_the_html_of_a_mail_stands_in_a_frame_that_runs_nothing(client, tryout):
    send(letter("Welcome", "<p>Hello</p><script>alert(1)</script>"))
    url = links_to_mails(client)[0]
    page = client.get(url).content.decode()
    assert f'src="{url}html/"' in page
    assert 'sandbox="allow-top-navigation-by-user-activation"' in page
    policy = client.get(f"{url}html/").headers["Content-Security-Policy"]
    assert "sandbox allow-top-navigation-by-user-activation" in policy
    assert "default-src 'none'" in policy


def test_words_of_every_alphabet_and_long_lines_arrive_whole(client, tryout):
    words = "Grüße, 你好, " + "x" * 500
    send(letter("Čau 👋", text=words))
    page = client.get(links_to_mails(client)[0]).content.decode()
    assert "Čau 👋" in page
    assert words in page


def test_a_line_of_dashes_does_not_cut_a_mail(client, tryout):
    send(letter("Dashes", text="above\n" + "-" * 79 + "\nbelow"))
    page = client.get(links_to_mails(client)[0]).content.decode()
    assert "above" in page
    assert "below" in page


@pytest.mark.parametrize(
    "url", ["nothing/0/", "..%2F..%2Fetc%2Fpasswd/0/", "nothing/0/html/", "../../etc/passwd/0/"]
)
def test_a_mail_that_is_not_there_is_not_found(client, tryout, url):
    send(letter("Only one"))
    assert client.get(f"{MAILBOX}{url}").status_code == 404


def test_a_number_past_the_last_mail_is_not_found(client, tryout):
    send(letter("Only one"))
    url = links_to_mails(client)[0].replace("/0/", "/1/")
    assert client.get(url).status_code == 404


def test_the_codes_of_demo_staff_open_their_second_factor(client, tryout):
    staff = UserFactory(email="officer@demo.example", is_staff=True)
    secret = with_totp(staff)
    page = client.get(CODES).content.decode()
    [code] = re.findall(r"<code>(\d{6})</code>", page)
    assert validate_totp_code(secret, code)


def test_no_other_accounts_codes_are_shown(client, tryout):
    with_totp(UserFactory(email="chief@example.org", is_staff=True))
    with_totp(UserFactory(email="mimic@notdemo.example", is_staff=True))
    with_totp(UserFactory(email="resident@demo.example"))
    page = client.get(CODES).content.decode()
    assert "No demo staff here" in page
    assert not re.findall(r"<code>\d{6}</code>", page)


def test_without_debug_none_of_it_is_found(client, settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path
    send(letter("Secret"))
    [file] = tmp_path.iterdir()
    for url in (
        MAILBOX,
        CODES,
        reverse("local_mail", args=[file.stem, 0]),
        reverse("local_mail_html", args=[file.stem, 0]),
    ):
        assert client.get(url).status_code == 404


@pytest.mark.urls("civicfund.urls")
def test_without_debug_there_are_not_even_routes(client, settings):
    assert not [route for route in civicfund.urls.urlpatterns if "local" in str(route.pattern)]
    settings.DEBUG = True  # too late: the routes were chosen at start
    assert client.get(MAILBOX).status_code == 404
    assert client.get(CODES).status_code == 404
