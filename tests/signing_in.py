"""Signing in: as people do, through the pages, or to be let in where that is not the point."""

from __future__ import annotations

import time

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.conf import settings
from django.test import Client
from django.urls import reverse

from civicfund.people.models import User
from civicfund.town.bench.visitors import session_of

PASSWORD = "correct horse battery"


def verified(user: User) -> User:
    """The person has followed the link in the mail."""
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def with_totp(user: User) -> str:
    """Set up a second factor; the secret that an authenticator app would keep."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def sign_in(client: Client, user: User):
    return client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def sign_in_with_second_factor(client: Client, user: User) -> None:
    """The session of somebody who has just given both, without the two pages."""
    with_totp(verified(user))
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(user, second_factor=True)


def walk_in_with_second_factor(client: Client, user: User):
    """Through both pages."""
    secret = with_totp(verified(user))
    sign_in(client, user)
    return client.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
