from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core import mail
from django.template.loader import render_to_string
from django.urls import reverse

from civicfund.notices.enums import TOLD_WORDS
from tests.factories.people import UserFactory
from tests.signing_in import PASSWORD, sign_in, verified

TEMPLATES = settings.BASE_DIR / "templates"
OWN = TEMPLATES / "emails"
BASES = {"base", "review_base", "button", "proposal_became_line"}


def test_every_mail_of_ours_comes_in_text_and_html():
    texts = {path.stem for path in OWN.rglob("*.txt")} - BASES
    pages = {path.stem for path in OWN.rglob("*.html")} - BASES
    assert texts == pages


def test_every_mail_of_ours_has_a_name_and_no_name_is_left_over():
    assert set(TOLD_WORDS) == {path.stem for path in OWN.rglob("*.txt")} - BASES


def test_every_account_mail_comes_in_text_and_html():
    messages = {
        str(path.relative_to(TEMPLATES).with_suffix(""))
        for folder in ("account", "mfa")
        for path in (TEMPLATES / folder / "email").glob("*_message.*")
    }
    assert len(messages) > 15
    for name in messages - {"account/email/base_message"}:
        context = {"town_name": "Ada & Co", "site_url": "https://town.example", "code": ""}
        text = render_to_string(f"{name}.txt", context)
        page = render_to_string(f"{name}.html", context)
        assert "Ada & Co" in text
        assert "Ada &amp; Co" in page
        assert "<" not in text


@pytest.mark.django_db
def test_a_forgotten_password_is_answered_in_text_and_html(client):
    user = verified(UserFactory())
    client.post(reverse("account_reset_password"), {"email": user.email})
    (sent,) = mail.outbox
    ((page, kind),) = sent.alternatives
    assert sent.subject == "Choose a new password"
    assert kind == "text/html"
    (link,) = re.findall(r"http://\S+/password/reset/key/\S+/", sent.body)
    assert f'href="{link}"' in page
    assert client.get(link, follow=True).status_code == 200


@pytest.mark.django_db
def test_a_changed_password_is_told_to_its_owner(client):
    user = verified(UserFactory())
    sign_in(client, user)
    new = "another horse, another battery"
    client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert [sent.subject for sent in mail.outbox] == ["Your password was changed"]
    user.refresh_from_db()
    assert user.check_password(new)
