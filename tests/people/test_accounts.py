from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from civicfund.people.models import User
from tests.factories.people import UserFactory
from tests.signing_in import (
    PASSWORD,
    code_now,
    sign_in,
    verified,
    walk_in_with_second_factor,
    with_totp,
)

pytestmark = pytest.mark.django_db

MEMBERS_ONLY = reverse("residency")


def sign_up(client, **fields):
    form = {"display_name": "Ann", "email": "ann@example.org", "password1": PASSWORD, "agree": "on"}
    return client.post(reverse("account_signup"), form | fields)


@pytest.mark.parametrize("page", ["account_login", "account_signup", "account_reset_password"])
def test_an_address_is_called_by_one_name_wherever_it_is_asked_for(client, page):
    shown = client.get(reverse(page)).content.decode()
    assert re.search(r"<label[^>]*>\s*E-mail address", shown)
    assert not re.search(r"\bEmail\b", shown)


def is_signed_in(client) -> bool:
    return client.get(MEMBERS_ONLY).status_code == 200


def link_in(message) -> str:
    found = re.search(r"http://testserver(/\S+)", message.body)
    assert found, message.body
    return found.group(1)


def test_signing_up_confirming_and_signing_in(client):
    assert sign_up(client).url == reverse("account_email_verification_sent")
    assert User.objects.get().display_name == "Ann"
    sign_in(client, User.objects.get())
    assert not is_signed_in(client)

    [message] = mail.outbox
    assert message.to == ["ann@example.org"]
    client.post(link_in(message))
    assert EmailAddress.objects.get().verified

    sign_in(client, User.objects.get())
    assert is_signed_in(client)


def test_following_the_link_alone_confirms_nothing(client):
    sign_up(client)
    assert client.get(link_in(mail.outbox[0])).status_code == 200
    assert not EmailAddress.objects.get().verified


def test_a_forged_link_confirms_nothing(client):
    sign_up(client)
    client.post(reverse("account_confirm_email", args=["MQ:forged:signature"]))
    assert not EmailAddress.objects.get().verified


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 81}, "display_name"),
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"password1": "short"}, "password1"),
        ({"password1": "password1234"}, "password1"),
    ],
)
def test_a_wrong_field_is_named_and_no_account_is_made(client, fields, wrong):
    answer = sign_up(client, **fields)
    assert list(answer.context["form"].errors) == [wrong]
    assert User.objects.count() == 0
    assert mail.outbox == []


def test_a_wrong_password_opens_nothing(client):
    user = verified(UserFactory())
    form = {"login": user.email, "password": "wrong horse battery"}
    answer = client.post(reverse("account_login"), form)
    assert answer.context["form"].errors
    assert not is_signed_in(client)


def test_an_address_is_the_same_in_capitals(client):
    user = verified(UserFactory(email="ann@example.org"))
    client.post(reverse("account_login"), {"login": "Ann@Example.ORG", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_wrong_password_and_an_unknown_address_are_told_alike(client):
    known = verified(UserFactory())
    told = [
        client.post(reverse("account_login"), {"login": address, "password": "wrong horse"})
        .context["form"]
        .errors
        for address in (known.email, "nobody@example.org")
    ]
    assert told[0] == told[1]


def test_signing_up_with_a_known_address_says_what_a_new_one_says(client):
    UserFactory(email="ann@example.org", display_name="First")
    known, new = sign_up(client), sign_up(client, email="ben@example.org")
    assert (known.status_code, known.url) == (new.status_code, new.url)
    assert User.objects.get(email="ann@example.org").display_name == "First"
    assert [message.to for message in mail.outbox] == [["ann@example.org"], ["ben@example.org"]]


def test_a_known_address_in_capitals_makes_no_second_account(client):
    UserFactory(email="ann@example.org")
    sign_up(client, email="ANN@example.org")
    assert User.objects.count() == 1


def test_asking_for_a_new_password_tells_nobody_who_has_an_account(client):
    user = verified(UserFactory())
    answers = [
        client.post(reverse("account_reset_password"), {"email": address})
        for address in (user.email, "nobody@example.org")
    ]
    assert {(answer.status_code, answer.url) for answer in answers} == {
        (302, reverse("account_reset_password_done"))
    }


def test_a_new_password_is_set_through_the_mail(client):
    user = verified(UserFactory())
    client.post(reverse("account_reset_password"), {"email": user.email})
    page = client.get(link_in(mail.outbox[0]), follow=True)
    new = "staple horse battery"
    client.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    user.refresh_from_db()
    assert user.check_password(new)


def test_too_many_wrong_passwords_close_the_door_for_a_while(client):
    user = verified(UserFactory())
    for _ in range(5):
        client.post(reverse("account_login"), {"login": user.email, "password": "wrong horse"})
    sign_in(client, user)
    assert not is_signed_in(client)


def test_too_many_tries_answer_with_a_page_that_says_so(client):
    answers = [sign_up(client, email="no address") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert "429.html" in [template.name for template in answers[-1].templates]
    assert User.objects.count() == 0


def test_the_second_factor_is_asked_for_and_a_wrong_code_opens_nothing(client):
    user = verified(UserFactory())
    with_totp(user)
    assert sign_in(client, user).url == reverse("mfa_authenticate")
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert not is_signed_in(client)


def test_a_code_opens_once(client, django_user_model):
    user = verified(UserFactory())
    code = code_now(with_totp(user))
    for opens in (True, False):
        client.logout()
        sign_in(client, user)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert is_signed_in(client) is opens


def test_signing_out_ends_the_session(client):
    walk_in_with_second_factor(client, UserFactory())
    kept = client.cookies["sessionid"].value
    client.post(reverse("account_logout"))
    client.cookies["sessionid"] = kept
    assert not is_signed_in(client)


def test_a_name_is_what_others_see(client):
    sign_up(client, display_name="Ann Qu\u00adill\u202e\n")
    assert User.objects.get().display_name == "Ann Quill"
    client.logout()
    answer = sign_up(client, email="other@example.org", display_name="\u200b\u2800")
    assert "Write a name that others can see." in answer.content.decode()
    assert User.objects.count() == 1
