"""Forms of signing in and up, as django-allauth has them, in the words of the rest of the site."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.utils.translation import gettext as _


class _OneWord:
    """An e-mail address is called that, wherever it is asked for."""

    fields: dict[str, forms.Field]

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        for name in ("login", "email"):
            if name in self.fields:
                self.fields[name].label = _("E-mail address")
                self.fields[name].widget.attrs.pop("placeholder", None)


class LoginForm(_OneWord, allauth_forms.LoginForm):  # type: ignore[misc]  # it ships no types
    """Signing in."""


class SignupForm(_OneWord, allauth_forms.SignupForm):  # type: ignore[misc]  # it ships no types
    """Making an account."""


class AddEmailForm(_OneWord, allauth_forms.AddEmailForm):  # type: ignore[misc]  # it ships no types
    """A further address."""


class ResetPasswordForm(_OneWord, allauth_forms.ResetPasswordForm):  # type: ignore[misc]  # it ships no types
    """A new password, where the old one is forgotten."""
